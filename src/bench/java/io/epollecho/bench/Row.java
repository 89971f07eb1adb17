package io.epollecho.bench;

import java.io.IOException;
import java.util.Map;

/**
 * A piece of work, and what is measured of it.
 *
 * @param name in tables and in {@code -Dbench.rows}
 * @param metric the figure that the row is about
 * @param once whether once is enough: what is counted instead of timed does not vary
 * @param fresh whether it needs a server of its own
 * @param loops event loops of the server
 * @param measurement how it is measured
 */
record Row(
        String name,
        Metric metric,
        boolean once,
        boolean fresh,
        int loops,
        Measurement measurement) {

    /** Measures one server once. */
    interface Measurement {

        Map<Metric, Double> measure(Server server, Bench bench) throws IOException;
    }

    /** What the measurements have at hand. */
    record Bench(ClientProcess client, Options options, Results results) {}

    boolean fits(Contender contender) {
        return loops <= contender.loops()
                && (contender.jvm()
                        || (metric != Metric.ALLOCATED_PER_ECHO && metric != Metric.HEAP_PER_IDLE));
    }
}
