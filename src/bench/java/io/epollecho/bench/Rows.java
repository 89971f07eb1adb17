package io.epollecho.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The work. */
final class Rows {

    /** Latency is measured at a share of what this row has shown of the slowest. */
    static final String REFERENCE = "50x64B";

    private static final double RATE_SHARE = 0.7;

    /** Descriptors that a process needs for other things than connections. */
    private static final int OTHER_FILES = 300;

    private Rows() {}

    static List<Row> all(Options options) {
        int many = manyConnections(options.manyConnections());
        return List.of(
                load(REFERENCE, 50, 64, 1),
                load("1000x512B", 1000, 512, 1),
                load("1x64B", 1, 64, 1),
                load("50x16KiB", 50, 16 * 1024, 1),
                load("50x64Bx32", 50, 64, 32),
                load(many + "x64B", many, 64, 1),
                timed("cycles", 1, Work.cycles(32, 64)),
                new Row("latency", Metric.P999, false, false, 1, Rows::latency),
                timed("2-loops", 2, Work.load(50, 64, 1)),
                new Row(
                        "syscalls",
                        Metric.CALLS_PER_ECHO,
                        true,
                        false,
                        1,
                        (server, bench) ->
                                Map.of(
                                        Metric.CALLS_PER_ECHO,
                                        SystemCalls.perEcho(server, bench.client()))),
                new Row(
                        "allocation",
                        Metric.ALLOCATED_PER_ECHO,
                        true,
                        false,
                        1,
                        (server, bench) ->
                                Map.of(
                                        Metric.ALLOCATED_PER_ECHO,
                                        Jvm.allocatedPerEcho(server, bench.client()))),
                new Row(
                        "idle",
                        Metric.RESIDENT_PER_IDLE,
                        true,
                        true,
                        1,
                        (server, bench) -> idle(server, bench.client(), many)));
    }

    private static Row load(String name, int connections, int size, int pipeline) {
        return timed(name, 1, Work.load(connections, size, pipeline));
    }

    private static Row timed(String name, int loops, Work work) {
        return new Row(
                name,
                Metric.THROUGHPUT,
                false,
                loops > 1,
                loops,
                (server, bench) -> {
                    Options options = bench.options();
                    Outcome outcome =
                            bench.client()
                                    .run(
                                            server,
                                            work.during(options.warmupMillis(), options.millis()));
                    return Map.of(
                            Metric.THROUGHPUT,
                            outcome.perSecond(),
                            Metric.CPU_PER_ECHO,
                            outcome.cpuMicrosPerMessage());
                });
    }

    /** At a rate that every contender can keep up with. */
    private static Map<Metric, Double> latency(Server server, Row.Bench bench) throws IOException {
        double slowest = bench.results().slowest(REFERENCE);
        Work work =
                Work.load(50, 64, 1)
                        .during(bench.options().warmupMillis(), bench.options().millis())
                        .atRate((long) (slowest * RATE_SHARE));
        Outcome outcome = bench.client().run(server, work);
        return new EnumMap<>(
                Map.of(
                        Metric.P50, outcome.p50() / 1e3,
                        Metric.P99, outcome.p99() / 1e3,
                        Metric.P999, outcome.p999() / 1e3,
                        Metric.CPU_PER_ECHO, outcome.cpuMicrosPerMessage()));
    }

    /** What each connection more costs: the slope from a tenth of them to all. */
    private static Map<Metric, Double> idle(Server server, ClientProcess client, int many)
            throws IOException {
        int few = many / 10;
        var figures = new EnumMap<Metric, Double>(Metric.class);
        // All at once first: what has to grow but once has grown then.
        boolean jvm = server.contender().jvm();
        client.run(server, Work.idle(many));
        if (jvm) {
            Jvm.heapAfterCollection(server); // and what looking itself takes is there then, too
        }
        client.run(server, Work.idle(few));
        double heap = jvm ? Jvm.heapAfterCollection(server) : 0;
        double resident = ProcessFigures.residentBytes(server.pid());
        client.run(server, Work.idle(many));
        double more = many - few;
        if (jvm) {
            figures.put(Metric.HEAP_PER_IDLE, (Jvm.heapAfterCollection(server) - heap) / more);
        }
        figures.put(
                Metric.RESIDENT_PER_IDLE,
                (ProcessFigures.residentBytes(server.pid()) - resident) / more);
        client.run(server, Work.idle(1));
        return figures;
    }

    /** So many, or what the limit of open files allows. */
    private static int manyConnections(int wanted) {
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
                        "%d connections instead of %d: the limit of open files is %s%n",
                        many, wanted, limit);
            }
            return many;
        } catch (IOException e) {
            return Math.min(wanted, 1024 - OTHER_FILES);
        }
    }
}
