package io.epollecho.bench;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * What the run was asked for, by {@code -Dbench.*}.
 *
 * @param quick for a first look only
 * @param rows by name; empty for all
 * @param contenders by name; empty for all
 * @param rounds in which each contender does each row once
 * @param millis of each measurement
 * @param warmupMillis before each measurement
 * @param firstWarmupMillis of each server after its start, in which it is compiled: of echoes, and
 *     then of connections
 * @param manyConnections of the row that has the most under load
 * @param mostConnections of the rows that only hold them
 * @param seed of the order
 */
record Options(
        boolean quick,
        List<String> rows,
        List<String> contenders,
        int rounds,
        long millis,
        long warmupMillis,
        long firstWarmupMillis,
        int manyConnections,
        int mostConnections,
        long seed) {

    /** What can be given; the rest of {@code bench.*} is the build's. */
    private static final Set<String> NAMES =
            Set.of("quick", "rows", "contenders", "rounds", "seconds", "seed", "baseline");

    private static final Pattern GIVEN = Pattern.compile("-Dbench\\.([^= ]*)");

    /**
     * Reads what was asked for.
     *
     * @throws InvalidOptionException if there is no such option, or not with such a value
     */
    static Options fromProperties() {
        // The build hands on only what it knows; what was typed is in the environment.
        GIVEN.matcher(Objects.requireNonNullElse(System.getenv("MAVEN_CMD_LINE_ARGS"), ""))
                .results()
                .map(given -> given.group(1))
                .forEach(name -> require(NAMES.contains(name), "bench." + name, NAMES));
        boolean quick = text("quick").map(value -> !value.equals("false")).orElse(false);
        return new Options(
                quick,
                list("rows"),
                list("contenders"),
                (int) number("rounds", quick ? 1 : 5),
                (long) (number("seconds", quick ? 0.3 : 1) * 1000),
                quick ? 150 : 400,
                quick ? 500 : 4000,
                quick ? 2_000 : 10_000,
                quick ? 2_000 : 19_000,
                (long) number("seed", (double) (System.nanoTime() & 0xFFFF)));
    }

    private static double number(String name, double otherwise) {
        try {
            return text(name).map(Double::valueOf).orElse(otherwise);
        } catch (NumberFormatException e) {
            throw new InvalidOptionException(
                    "bench.%s must be a number, not %s".formatted(name, text(name).orElse("")));
        }
    }

    private static Optional<String> text(String name) {
        return Optional.ofNullable(System.getProperty("bench." + name))
                .filter(value -> !value.isBlank());
    }

    private static List<String> list(String name) {
        return text(name).map(value -> List.of(value.split(","))).orElse(List.of());
    }

    static <T> List<T> chosen(List<T> all, Function<T, String> name, List<String> names) {
        for (String wanted : names) {
            List<String> known = all.stream().map(name).toList();
            require(known.contains(wanted), wanted, known);
        }
        return all.stream()
                .filter(one -> names.isEmpty() || names.contains(name.apply(one)))
                .toList();
    }

    private static void require(boolean known, String wanted, Collection<String> all) {
        if (!known) {
            throw new InvalidOptionException(
                    "There is no %s; there are %s"
                            .formatted(wanted, String.join(", ", new TreeSet<>(all))));
        }
    }

    /** What was asked for cannot be done; the message is all there is to say. */
    static final class InvalidOptionException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        InvalidOptionException(String message) {
            super(message);
        }
    }
}
