package io.epollecho.bench;

/** The metrics, with their label and format in reports. */
enum Metric {
    THROUGHPUT("per second", "%,.0f", true),
    CPU_PER_ECHO("server CPU µs each", "%.2f", false),
    BUSY("server CPU busy %", "%.0f", false),
    P50("p50 µs", "%.1f", false),
    P99("p99 µs", "%.1f", false),
    P999("p99.9 µs", "%.1f", false),
    P50_BESIDE("p50 µs beside", "%.1f", false),
    P99_BESIDE("p99 µs beside", "%.1f", false),
    P99_RATIO("p99 beside / without", "%.2f", false),
    HANDSHAKES("handshakes per second beside", "%,.0f", true),
    HEAP_PER_CONNECTION("heap bytes/connection", "%,.0f", false),
    RESIDENT_PER_CONNECTION("resident bytes/connection", "%,.0f", false),
    KERNEL_PER_CONNECTION("kernel bytes/connection, both ends", "%,.0f", false),
    OPEN("connections", "%,.0f", true),
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
