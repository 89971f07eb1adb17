package io.epollecho.bench;

import io.epollecho.bench.Contender.Kind;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The rows of the benchmark. */
final class Rows {

    /** The row whose slowest throughput determines the rate at which latency is measured. */
    static final String REFERENCE = "50x64B";

    static final String TLS_HANDSHAKES = "tls-handshakes";

    private static final double RATE_SHARE = 0.7;

    private static final int STORM_CONNECTIONS = 20;
    private static final long STORM_RATE = 2_000;

    private static final Set<Kind> PLAIN = EnumSet.of(Kind.PLAIN);
    private static final Set<Kind> TLS = EnumSet.of(Kind.TLS);

    private static final List<Metric> THROUGHPUT =
            List.of(Metric.THROUGHPUT, Metric.CPU_PER_ECHO, Metric.BUSY, Metric.P50, Metric.P99);

    /** File descriptors reserved for purposes other than connections. */
    private static final int OTHER_FILES = 300;

    private Rows() {}

    static List<Row> all(Options options) {
        int many = withinLimit(options.manyConnections());
        int most = withinLimit(options.mostConnections());
        return List.of(
                load(REFERENCE, 50, 64, 1),
                load("1000x512B", 1000, 512, 1),
                few("1x64B", 1),
                few("8x64B", 8),
                load("50x16KiB", 50, 16 * 1024, 1),
                load("50x64Bx32", 50, 64, 32),
                load(many + "x64B", many, 64, 1),
                timed("cycles", PLAIN, Work.cycles(32, 64)),
                new Row(
                        "latency",
                        List.of(Metric.P999, Metric.P50, Metric.P99, Metric.CPU_PER_ECHO),
                        false,
                        false,
                        1,
                        PLAIN,
                        Rows::latency),
                new Row(
                        "2-loops",
                        THROUGHPUT,
                        false,
                        true,
                        2,
                        PLAIN,
                        (server, bench) -> timed(server, bench, Work.load(50, 64, 1))),
                counted(
                        "syscalls",
                        Metric.CALLS_PER_ECHO,
                        (server, bench) -> SystemCalls.perEcho(server, bench.client())),
                counted(
                        "allocation",
                        Metric.ALLOCATED_PER_ECHO,
                        (server, bench) -> Jvm.allocatedPerEcho(server, bench.client())),
                connections(most + "-connections", PLAIN, Work.idle(most)),
                timed("tls-50x64B", TLS, Work.load(50, 64, 1).overTls()),
                timed("tls-50x16KiB", TLS, Work.load(50, 16 * 1024, 1).overTls()),
                timed(TLS_HANDSHAKES, TLS, Work.cycles(32, 64).overTls()),
                new Row(
                        "tls-storm",
                        List.of(
                                Metric.P99_RATIO,
                                Metric.P50,
                                Metric.P99,
                                Metric.P50_BESIDE,
                                Metric.P99_BESIDE,
                                Metric.HANDSHAKES),
                        false,
                        false,
                        1,
                        TLS,
                        Rows::storm),
                connections("tls-" + most + "-connections", TLS, Work.idle(most).overTls()));
    }

    private static Row load(String name, int connections, int size, int pipeline) {
        return timed(name, PLAIN, Work.load(connections, size, pipeline));
    }

    private static Row few(String name, int connections) {
        return timed(name, EnumSet.of(Kind.PLAIN, Kind.BUSY), Work.load(connections, 64, 1));
    }

    private static Row timed(String name, Set<Kind> kinds, Work work) {
        return new Row(
                name,
                THROUGHPUT,
                false,
                false,
                1,
                kinds,
                (server, bench) -> timed(server, bench, work));
    }

    private static Map<Metric, Double> timed(Server server, Row.Bench bench, Work work)
            throws IOException {
        Options options = bench.options();
        return bench.client()
                .run(server, work.during(options.warmupMillis(), options.millis()))
                .figures();
    }

    private interface Counter {

        double count(Server server, Row.Bench bench) throws IOException;
    }

    private static Row counted(String name, Metric metric, Counter counter) {
        return new Row(
                name,
                List.of(metric),
                true,
                false,
                1,
                PLAIN,
                (server, bench) -> Map.of(metric, counter.count(server, bench)));
    }

    private static Row connections(String name, Set<Kind> kinds, Work work) {
        return new Row(
                name,
                List.of(
                        Metric.RESIDENT_PER_CONNECTION,
                        Metric.HEAP_PER_CONNECTION,
                        Metric.KERNEL_PER_CONNECTION,
                        Metric.OPEN),
                true,
                true,
                1,
                kinds,
                (server, bench) -> connections(server, bench.client(), work));
    }

    /** Measures latency at a rate that every contender can sustain. */
    private static Map<Metric, Double> latency(Server server, Row.Bench bench) throws IOException {
        double slowest = bench.results().slowest(REFERENCE);
        return timed(server, bench, Work.load(50, 64, 1).atRate((long) (slowest * RATE_SHARE)));
    }

    /**
     * Measures echoes on plain connections at a low rate, first alone and then concurrently with as
     * many TLS handshakes as possible on the server's other port.
     */
    private static Map<Metric, Double> storm(Server server, Row.Bench bench) throws IOException {
        Options options = bench.options();
        Work echoes =
                Work.load(STORM_CONNECTIONS, 64, 1)
                        .atRate(STORM_RATE)
                        .during(options.millis(), options.millis());
        Map<Metric, Double> without = bench.client().run(server, echoes).figures();
        Work handshakes = Work.cycles(32, 64).overTls();
        // The handshakes start before the echoes are measured and continue after them.
        bench.besides().begin(server, handshakes.during(options.millis(), 2 * options.millis()));
        Map<Metric, Double> beside;
        Outcome storm;
        try {
            beside = bench.client().run(server, echoes).figures();
        } finally {
            storm = bench.besides().end(server);
        }
        double p99 = value(without, Metric.P99);
        return Map.of(
                Metric.P50, value(without, Metric.P50),
                Metric.P99, p99,
                Metric.P50_BESIDE, value(beside, Metric.P50),
                Metric.P99_BESIDE, value(beside, Metric.P99),
                Metric.P99_RATIO, value(beside, Metric.P99) / p99,
                Metric.HANDSHAKES, storm.perSecond());
    }

    private static double value(Map<Metric, Double> figures, Metric metric) {
        return Objects.requireNonNull(figures.get(metric));
    }

    /** Returns the memory per connection, as the slope from a tenth of the connections to all. */
    private static Map<Metric, Double> connections(Server server, ClientProcess client, Work most)
            throws IOException {
        Work few = Work.idle(most.connections() / 10);
        few = most.tls() ? few.overTls() : few;
        // Run twice, so that class loading and the measurement itself do not count.
        client.run(server, few);
        Memory.of(server);
        client.run(server, few);
        Memory atFew = Memory.of(server);
        Outcome outcome = client.run(server, most);
        Memory atMost = Memory.of(server);
        double more = most.connections() - few.connections();
        var figures = new EnumMap<Metric, Double>(Metric.class);
        if (server.contender().jvm()) {
            figures.put(Metric.HEAP_PER_CONNECTION, (atMost.heap - atFew.heap) / more);
        }
        figures.put(Metric.RESIDENT_PER_CONNECTION, (atMost.resident - atFew.resident) / more);
        figures.put(Metric.KERNEL_PER_CONNECTION, (atMost.kernel - atFew.kernel) / more);
        figures.put(Metric.OPEN, (double) outcome.messages());
        client.run(server, most.tls() ? Work.idle(1).overTls() : Work.idle(1));
        return figures;
    }

    private record Memory(double heap, double resident, double kernel) {

        static Memory of(Server server) throws IOException {
            // Measure the heap first, because the collection returns memory to the system.
            double heap = server.contender().jvm() ? Jvm.heapAfterCollection(server) : 0;
            return new Memory(
                    heap, ProcessFigures.residentBytes(server.pid()), ProcessFigures.kernelBytes());
        }
    }

    /** Returns the wanted number of connections, or fewer if the limit of open files is lower. */
    private static int withinLimit(int wanted) {
        try (var lines = Files.lines(Path.of("/proc/self/limits"))) {
            String limit =
                    lines.filter(line -> line.startsWith("Max open files"))
                            .map(line -> line.split(" +", -1)[3])
                            .findFirst()
                            .orElse("1024");
            int most = limit.equals("unlimited") ? Integer.MAX_VALUE : Integer.parseInt(limit);
            int many = Math.min(wanted, most - OTHER_FILES);
            if (many < wanted) {
                System.out.printf(
                        "Using %d connections instead of %d: the limit of open files is %s%n",
                        many, wanted, limit);
            }
            return many;
        } catch (IOException e) {
            return Math.min(wanted, 1024 - OTHER_FILES);
        }
    }
}
