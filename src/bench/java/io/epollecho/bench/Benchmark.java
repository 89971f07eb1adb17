package io.epollecho.bench;

import io.epollecho.bench.ClientProcess.FaultException;
import io.epollecho.bench.Contender.Kind;
import io.epollecho.bench.Options.InvalidOptionException;
import io.epollecho.bench.Results.Sample;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;

/**
 * The main class of the benchmark. Measures the contenders one at a time in shuffled order and
 * writes the results to {@code target/bench}. Servers and client run on separate CPUs.
 *
 * <p>All contenders run throughout, but only the one being measured has work; the others sleep.
 */
final class Benchmark {

    /** Maximum rounds of rows that take long or need their own servers. */
    private static final int FEW_ROUNDS = 3;

    private final Options options;
    private final List<Contender> contenders;
    private final List<Row> rows;
    private final Path logs;
    private final Random random;
    private final Results results = new Results();
    private final List<String> remarks;
    private final ClientProcess client;
    private final ClientProcess besides;
    private final long startedAt = System.nanoTime();
    private int done;
    private int planned;

    private Benchmark(
            Options options,
            List<Contender> contenders,
            List<Row> rows,
            List<String> remarks,
            Path logs,
            ClientProcess client,
            ClientProcess besides) {
        this.options = options;
        this.contenders = contenders;
        this.rows = rows;
        this.remarks = remarks;
        this.logs = logs;
        this.random = new Random(options.seed());
        this.client = client;
        this.besides = besides;
    }

    static void main() throws IOException {
        try {
            bench();
        } catch (InvalidOptionException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private static void bench() throws IOException {
        Options options = Options.fromProperties();
        Path directory = Files.createDirectories(Path.of(System.getProperty("bench.directory")));
        Path logs = Files.createDirectories(directory.resolve("logs"));
        var remarks = new ArrayList<String>();
        if (options.quick()) {
            remarks.add("Quick run: figures are rough, as much code runs before it is compiled.");
        }
        var rows = new ArrayList<>(Options.chosen(Rows.all(options), Row::name, options.rows()));
        var contenders =
                new ArrayList<>(
                        Options.chosen(
                                Contenders.all(directory), Contender::name, options.contenders()));
        contenders.removeIf(contender -> cannotRun(contender, remarks));
        rows.removeIf(row -> contenders.stream().noneMatch(row::fits));
        if (options.quick()
                && options.rows().isEmpty()
                && rows.removeIf(row -> row.once() || row.fresh())) {
            remarks.add("Rows that take long are omitted; select them by name with -Dbench.rows=.");
        }
        if (!SystemCalls.canBeCounted()
                && rows.removeIf(row -> row.metric() == Metric.CALLS_PER_ECHO)) {
            remarks.add("System calls are not counted, because strace is not installed.");
        }
        if (rows.stream().anyMatch(row -> row.metric() == Metric.P999)
                && rows.stream().noneMatch(row -> row.name().equals(Rows.REFERENCE))) {
            throw new InvalidOptionException(
                    "The row latency also requires the row " + Rows.REFERENCE + ".");
        }
        try (var client = ClientProcess.start();
                var besides = ClientProcess.startNice()) {
            var benchmark =
                    new Benchmark(options, contenders, rows, remarks, logs, client, besides);
            try {
                benchmark.run();
            } finally {
                // Write the report even after a failure, so that no results are lost.
                new Report(benchmark.results, contenders, rows, options, remarks).write(directory);
            }
        }
    }

    private static boolean cannotRun(Contender contender, List<String> remarks) {
        contender
                .unavailable()
                .ifPresent(reason -> remarks.add(contender.name() + " is omitted: " + reason));
        return contender.unavailable().isPresent();
    }

    private void run() throws IOException {
        remarks.forEach(System.out::println);
        int fewRounds = Math.min(options.rounds(), FEW_ROUNDS);
        planned =
                options.rounds() * fits(rows(Benchmark::isTimed))
                        + fewRounds * fits(rows(row -> isFew(row) || isTimedFresh(row)))
                        + fits(rows(Row::once));
        System.out.printf(
                "Benchmark of %d contenders, %d rows, %d rounds, seed %d: %d measurements%n",
                contenders.size(), rows.size(), options.rounds(), options.seed(), planned);
        // Separate the TLS rows from the others, because idle servers occupy memory, too.
        together(fewRounds, Row::isTls);
        together(fewRounds, row -> !row.isTls());
        apart(fewRounds, rows(Benchmark::isTimedFresh));
        apart(1, rows(row -> row.once() && row.fresh()));
    }

    private static boolean isTimed(Row row) {
        return !row.once() && !row.fresh() && !isFew(row);
    }

    /** Returns whether a row is limited to few rounds, because each round takes long. */
    private static boolean isFew(Row row) {
        return row.metric() == Metric.P999 || row.metric() == Metric.P99_RATIO;
    }

    private static boolean isTimedFresh(Row row) {
        return !row.once() && row.fresh();
    }

    private List<Row> rows(Predicate<Row> which) {
        return rows.stream().filter(which).toList();
    }

    private int fits(List<Row> some) {
        return some.stream()
                .mapToInt(row -> (int) contenders.stream().filter(row::fits).count())
                .sum();
    }

    /**
     * Measures rows on servers that run from the first round to the last. If each row started its
     * own servers, compilation would dominate the time of the Java servers.
     */
    private void together(int fewRounds, Predicate<Row> which) throws IOException {
        List<Row> some = rows(row -> which.test(row) && !row.fresh());
        var servers = new ArrayList<Server>();
        try {
            for (Contender contender : shuffled(contenders)) {
                if (some.stream().anyMatch(row -> row.fits(contender))) {
                    start(contender, 1).ifPresent(servers::add);
                }
            }
            for (Server server : servers) {
                warmUp(server);
            }
            for (int round = 1; round <= options.rounds(); round++) {
                inTurn(round, some.stream().filter(Benchmark::isTimed).toList(), servers);
            }
            for (int round = 1; round <= fewRounds; round++) {
                inTurn(round, some.stream().filter(Benchmark::isFew).toList(), servers);
            }
            inTurn(1, some.stream().filter(Row::once).toList(), servers);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private void inTurn(int round, List<Row> some, List<Server> servers) throws IOException {
        for (Row row : shuffled(some)) {
            for (Server server : shuffled(servers)) {
                if (row.fits(server.contender())) {
                    measure(row, server, round);
                }
            }
        }
    }

    /** Measures rows that each need a newly started server. */
    private void apart(int rounds, List<Row> some) throws IOException {
        for (Row row : shuffled(some)) {
            for (Contender contender : shuffled(contenders)) {
                if (row.fits(contender)) {
                    var started = start(contender, row.loops());
                    if (started.isPresent()) {
                        try (Server server = started.get()) {
                            if (!row.once()) {
                                warmUp(server);
                            }
                            for (int round = 1; round <= rounds; round++) {
                                measure(row, server, round);
                            }
                        }
                    }
                }
            }
        }
    }

    private Optional<Server> start(Contender contender, int loops) throws IOException {
        try {
            return Optional.of(Server.start(contender, loops, logs));
        } catch (IOException e) {
            remark(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private void warmUp(Server server) throws IOException {
        long millis = options.firstWarmupMillis();
        try {
            client.run(server, Work.load(50, 64, 1).during(0, millis));
            client.run(server, Work.cycles(32, 64).during(0, millis));
            if (server.contender().kind() == Kind.TLS) {
                Work handshakes = Work.cycles(32, 64).overTls();
                client.run(server, Work.load(50, 64, 1).overTls().during(0, millis));
                client.run(server, Work.load(50, 16 * 1024, 1).overTls().during(0, millis));
                client.run(server, handshakes.during(0, millis));
                besides.run(server, handshakes.during(0, millis));
            }
        } catch (FaultException e) {
            remark(String.valueOf(e.getMessage()));
        }
    }

    private void remark(String remark) {
        System.out.println(remark);
        remarks.add(remark);
    }

    private void measure(Row row, Server server, int round) throws IOException {
        String name = server.contender().name();
        done++;
        try {
            Map<Metric, Double> figures =
                    row.measurement()
                            .measure(server, new Row.Bench(client, besides, options, results));
            figures.forEach(
                    (metric, value) ->
                            results.add(new Sample(row.name(), name, round, metric, value)));
            System.out.printf(
                    "%s  round %d  %-20s %-18s %14s %s%n",
                    progress(),
                    round,
                    row.name(),
                    name,
                    Report.format(row.metric(), figures.get(row.metric())),
                    row.metric().label);
        } catch (FaultException e) {
            remark("%s: %s".formatted(row.name(), e.getMessage()));
        }
    }

    private String progress() {
        Duration elapsed = Duration.ofNanos(System.nanoTime() - startedAt);
        return "%d:%02d  %d/%d"
                .formatted(elapsed.toMinutes(), elapsed.toSecondsPart(), done, planned);
    }

    private <T> List<T> shuffled(List<T> list) {
        var copy = new ArrayList<>(list);
        Collections.shuffle(copy, random);
        return copy;
    }
}
