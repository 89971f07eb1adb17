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
 * The options of a run, given as {@code -Dbench.*}.
 *
 * @param quick whether to run only briefly, for rough figures
 * @param rows the names of the rows; empty for all
 * @param contenders the names of the contenders; empty for all
 * @param rounds the number of rounds; in each, every contender runs every row once
 * @param millis the duration of each measurement
 * @param warmupMillis the warmup before each measurement
 * @param firstWarmupMillis the warmup of each server after its start, first with echoes and then
 *     with new connections, so that its code is compiled before the first round
 * @param manyConnections the connections of the row with the most connections under load
 * @param mostConnections the connections of the rows with idle connections
 * @param seed the seed of the shuffled order
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

    /** The options for users. Other {@code bench.*} properties are set by the build. */
    private static final Set<String> NAMES =
            Set.of("quick", "rows", "contenders", "rounds", "seconds", "seed", "baseline");

    private static final Pattern GIVEN = Pattern.compile("-Dbench\\.([^= ]*)");

    /**
     * Reads the options from system properties.
     *
     * @throws InvalidOptionException if an option is unknown or its value is invalid
     */
    static Options fromProperties() {
        // The build passes on only known options. The environment has the options as typed.
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
                    "bench.%s is '%s', but must be a number."
                            .formatted(name, text(name).orElse("")));
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
                    "Unknown name %s. The known names are: %s."
                            .formatted(wanted, String.join(", ", new TreeSet<>(all))));
        }
    }

    /** Thrown if an option is invalid. The message explains it to the user. */
    static final class InvalidOptionException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        InvalidOptionException(String message) {
            super(message);
        }
    }
}
