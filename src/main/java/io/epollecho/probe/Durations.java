package io.epollecho.probe;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parser of durations: a number followed by ms, s, m, h or d, or a number of seconds. */
final class Durations {

    private static final Pattern FORM =
            Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{1,9})?)(ms|s|m|h|d)?");

    /** Beyond the range of every option, and within that of {@link Duration}. */
    private static final BigDecimal LONGEST =
            new BigDecimal(999_999_999).multiply(new BigDecimal(Duration.ofDays(1).toNanos()));

    private Durations() {}

    /**
     * Parses text such as 5, 0.5s or 2h.
     *
     * @throws IllegalArgumentException if the text is not a duration
     */
    static Duration parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a duration: " + text);
        }
        long unit =
                switch (matcher.group(2)) {
                    case "ms" -> 1_000_000;
                    case "m" -> Duration.ofMinutes(1).toNanos();
                    case "h" -> Duration.ofHours(1).toNanos();
                    case "d" -> Duration.ofDays(1).toNanos();
                    case null, default -> Duration.ofSeconds(1).toNanos();
                };
        BigDecimal nanos = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit));
        if (nanos.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("too long: " + text);
        }
        BigDecimal[] parts = nanos.divideAndRemainder(BigDecimal.valueOf(1_000_000_000));
        return Duration.ofSeconds(parts[0].longValue(), parts[1].longValue());
    }

    static String format(Duration duration) {
        return duration.toMillis() % 1000 == 0
                ? duration.toSeconds() + "s"
                : duration.toMillis() + "ms";
    }
}
