package io.epollecho.server;

import io.epollecho.stream.AddressRange;

import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The text format of values of one type in configuration files, such as {@code 64KB}, {@code 20s}
 * or {@code auto}.
 *
 * @param type the type of the values
 * @param parse parses a text that {@code text} produced
 * @param text formats a value
 */
record Format<T>(Class<T> type, Function<String, T> parse, Function<T, String> text) {

    static final Format<Integer> COUNT =
            new Format<>(Integer.class, Integer::valueOf, String::valueOf);

    static final Format<Boolean> SWITCH =
            new Format<>(Boolean.class, Boolean::valueOf, String::valueOf);

    static final Format<String> TEXT = new Format<>(String.class, text -> text, text -> text);

    static final Format<InetAddress> ADDRESS =
            new Format<>(InetAddress.class, InetAddress::ofLiteral, InetAddress::getHostAddress);

    static final Format<List<AddressRange>> ADDRESS_RANGES = addressRanges();

    /** The format of a number of bytes. */
    static final Format<Long> SIZE = sizes();

    static final Format<Duration> TIME = times();

    private static final Pattern AMOUNT = Pattern.compile("(\\d+)([A-Za-z]*)");

    static <E extends Enum<E>> Format<E> of(Class<E> type) {
        return new Format<>(
                type,
                text -> Enum.valueOf(type, text.toUpperCase(Locale.ROOT)),
                value -> value.name().toLowerCase(Locale.ROOT));
    }

    @SuppressWarnings("unchecked") // the binder fills the list only with elements of this type
    private static Format<List<AddressRange>> addressRanges() {
        return new Format<>(
                (Class<List<AddressRange>>) (Class<?>) List.class,
                text -> Stream.of(text.split(",")).map(AddressRange::of).toList(),
                ranges ->
                        ranges.stream()
                                .map(AddressRange::toString)
                                .collect(Collectors.joining(",")));
    }

    private static Format<Long> sizes() {
        SequencedMap<String, Long> units = new LinkedHashMap<>();
        units.put("TB", 1L << 40);
        units.put("GB", 1L << 30);
        units.put("MB", 1L << 20);
        units.put("KB", 1L << 10);
        units.put("B", 1L);
        return new Format<>(Long.class, text -> parse(text, units), bytes -> format(bytes, units));
    }

    private static Format<Duration> times() {
        SequencedMap<String, Long> units = new LinkedHashMap<>();
        units.put("d", Duration.ofDays(1).toNanos());
        units.put("h", Duration.ofHours(1).toNanos());
        units.put("m", Duration.ofMinutes(1).toNanos());
        units.put("s", Duration.ofSeconds(1).toNanos());
        units.put("ms", Duration.ofMillis(1).toNanos());
        units.put("us", Duration.ofMillis(1).dividedBy(1000).toNanos());
        units.put("ns", 1L);
        return new Format<>(
                Duration.class,
                text -> Duration.ofNanos(parse(text, units)),
                time -> format(time, units));
    }

    private static long parse(String text, SequencedMap<String, Long> units) {
        Matcher amount = AMOUNT.matcher(text);
        if (!amount.matches()) {
            throw new IllegalArgumentException(text);
        }
        String unit = amount.group(2).isEmpty() ? units.lastEntry().getKey() : amount.group(2);
        return Math.multiplyExact(
                Long.parseLong(amount.group(1)), units.getOrDefault(unit, 0L).longValue());
    }

    private static String format(Duration time, SequencedMap<String, Long> units) {
        try {
            return format(time.toNanos(), units);
        } catch (ArithmeticException e) {
            return time.toDays() + "d"; // centuries
        }
    }

    /** Formats an amount in the largest unit that gives a whole number. */
    private static String format(long amount, SequencedMap<String, Long> units) {
        if (amount == 0) {
            return "0";
        }
        for (Map.Entry<String, Long> unit : units.entrySet()) {
            if (amount % unit.getValue() == 0) {
                return amount / unit.getValue() + unit.getKey();
            }
        }
        throw new IllegalStateException("The smallest unit must be 1");
    }
}
