package io.epollecho.bench;

import java.util.EnumMap;
import java.util.Map;

/**
 * What the client has measured; its text form comes from the client's process.
 *
 * @param messages that came back
 * @param nanos it took
 * @param cpuNanos of CPU time that the server's process used meanwhile
 * @param p50 latency in nanoseconds
 * @param p99 latency in nanoseconds
 * @param p999 latency in nanoseconds
 * @param fault what went wrong; empty if nothing
 */
record Outcome(
        long messages, long nanos, long cpuNanos, long p50, long p99, long p999, String fault) {

    static Outcome failed(String fault) {
        return new Outcome(0, 0, 0, 0, 0, 0, fault);
    }

    double perSecond() {
        return messages * 1e9 / nanos;
    }

    /** Throughput, CPU time, and the latencies where they were measured. */
    Map<Metric, Double> figures() {
        var figures = new EnumMap<Metric, Double>(Metric.class);
        figures.put(Metric.THROUGHPUT, perSecond());
        figures.put(Metric.CPU_PER_ECHO, cpuNanos / 1e3 / messages);
        figures.put(Metric.BUSY, 100.0 * cpuNanos / nanos);
        if (p50 > 0) {
            figures.put(Metric.P50, p50 / 1e3);
            figures.put(Metric.P99, p99 / 1e3);
            figures.put(Metric.P999, p999 / 1e3);
        }
        return figures;
    }

    String text() {
        return "%d %d %d %d %d %d %s".formatted(messages, nanos, cpuNanos, p50, p99, p999, fault);
    }

    static Outcome parse(String text) {
        String[] words = text.split(" ", 7);
        return new Outcome(
                Long.parseLong(words[0]),
                Long.parseLong(words[1]),
                Long.parseLong(words[2]),
                Long.parseLong(words[3]),
                Long.parseLong(words[4]),
                Long.parseLong(words[5]),
                words[6]);
    }
}
