package io.epollecho.bench;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

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
 * @param manyConnections of the rows with the most
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
        long seed) {

    static Options fromProperties() {
        boolean quick = text("quick").map(value -> !value.equals("false")).orElse(false);
        return new Options(
                quick,
                list("rows"),
                list("contenders"),
                text("rounds").map(Integer::valueOf).orElse(quick ? 1 : 5),
                (long) (text("seconds").map(Double::valueOf).orElse(quick ? 0.3 : 1.5) * 1000),
                quick ? 150 : 700,
                quick ? 500 : 4000,
                quick ? 2_000 : 10_000,
                text("seed").map(Long::valueOf).orElseGet(() -> System.nanoTime() & 0xFFFF));
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
            if (all.stream().map(name).noneMatch(wanted::equals)) {
                throw new IllegalArgumentException(
                        "There is no %s; there are %s"
                                .formatted(wanted, all.stream().map(name).toList()));
            }
        }
        return all.stream()
                .filter(one -> names.isEmpty() || names.contains(name.apply(one)))
                .toList();
    }
}
