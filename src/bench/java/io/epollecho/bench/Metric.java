package io.epollecho.bench;

/** A figure, and how it is told. */
enum Metric {
    THROUGHPUT("echoes/s", "%,.0f", true),
    CPU_PER_ECHO("server CPU µs/echo", "%.2f", false),
    P50("p50 µs", "%.1f", false),
    P99("p99 µs", "%.1f", false),
    P999("p99.9 µs", "%.1f", false),
    HEAP_PER_IDLE("heap bytes/connection", "%,.0f", false),
    RESIDENT_PER_IDLE("resident bytes/connection", "%,.0f", false),
    CALLS_PER_ECHO("system calls/echo", "%.3f", false),
    ALLOCATED_PER_ECHO("bytes allocated/echo", "%.2f", false);

    final String label;
    final String format;
    final boolean moreIsBetter;

    Metric(String label, String format, boolean moreIsBetter) {
        this.label = label;
        this.format = format;
        this.moreIsBetter = moreIsBetter;
    }
}
