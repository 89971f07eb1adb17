package io.epollecho.bench;

/**
 * What the client has measured; its text form comes from the client's process.
 *
 * @param messages that came back
 * @param nanos it took
 * @param cpuMillis that the server's process used meanwhile
 * @param p50 latency in nanoseconds
 * @param p99 latency in nanoseconds
 * @param p999 latency in nanoseconds
 * @param fault what went wrong; empty if nothing
 */
record Outcome(
        long messages, long nanos, long cpuMillis, long p50, long p99, long p999, String fault) {

    double perSecond() {
        return messages * 1e9 / nanos;
    }

    double cpuMicrosPerMessage() {
        return cpuMillis * 1e3 / messages;
    }

    String text() {
        return "%d %d %d %d %d %d %s".formatted(messages, nanos, cpuMillis, p50, p99, p999, fault);
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
