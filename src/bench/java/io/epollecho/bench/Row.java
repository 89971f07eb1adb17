package io.epollecho.bench;

import io.epollecho.bench.Contender.Kind;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A piece of work, and what is measured of it.
 *
 * @param name in tables and in {@code -Dbench.rows}
 * @param metrics the figures; the row is about the first
 * @param once whether once is enough: what is counted instead of timed does not vary
 * @param fresh whether it needs a server of its own
 * @param loops event loops of the server
 * @param kinds of the contenders that are measured
 * @param measurement how it is measured
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
     * What the measurements have at hand.
     *
     * @param client does the work
     * @param besides a client for work beside it, at the lowest priority
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
