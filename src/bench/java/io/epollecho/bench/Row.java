package io.epollecho.bench;

import io.epollecho.bench.Contender.Kind;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A row of the benchmark: a piece of work and the metrics to measure.
 *
 * @param name the name in tables and in {@code -Dbench.rows}
 * @param metrics the metrics, of which the first is the main one
 * @param once whether one measurement is enough, because counts do not vary as times do
 * @param fresh whether the row needs newly started servers
 * @param loops the number of the server's event loops
 * @param kinds the kinds of contenders to measure
 * @param measurement performs the measurement
 */
record Row(
        String name,
        List<Metric> metrics,
        boolean once,
        boolean fresh,
        int loops,
        Set<Kind> kinds,
        Measurement measurement) {

    /** Measures one server once. */
    interface Measurement {

        Map<Metric, Double> measure(Server server, Bench bench) throws IOException;
    }

    /**
     * The environment of a measurement.
     *
     * @param client the client that does the work
     * @param besides a client with the lowest priority, for concurrent work
     */
    record Bench(ClientProcess client, ClientProcess besides, Options options, Results results) {}

    Metric metric() {
        return metrics.getFirst();
    }

    boolean isTls() {
        return kinds.contains(Kind.TLS);
    }

    boolean fits(Contender contender) {
        return kinds.contains(contender.kind())
                && loops <= contender.loops()
                && (contender.jvm() || metric() != Metric.ALLOCATED_PER_ECHO);
    }
}
