package io.epollecho.bench;

import java.util.EnumMap;
import java.util.Map;

/**
 * The figures that the client measured. The client process sends them as text.
 *
 * @param messages the number of echoed messages
 * @param nanos the elapsed time in nanoseconds
 * @param cpuNanos the CPU time that the server used, in nanoseconds
 * @param p50 the median latency in nanoseconds
 * @param p99 the 99th percentile of the latency in nanoseconds
 * @param p999 the 99.9th percentile of the latency in nanoseconds
 * @param fault a description of the failure, or empty
 */
record Outcome(
        long messages, long nanos, long cpuNanos, long p50, long p99, long p999, String fault) {

    static Outcome failed(String fault) {
        return new Outcome(0, 0, 0, 0, 0, 0, fault);
    }

    double perSecond() {
        return messages * 1e9 / nanos;
    }

    /** Returns throughput, CPU time and, if they were measured, the latencies. */
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
