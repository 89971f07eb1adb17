package io.epollecho.bench;

/**
 * What the client is to do with a server; its text form goes to the client's process.
 *
 * @param kind of work
 * @param tls whether on connections that speak TLS
 * @param connections to open
 * @param size bytes in a message
 * @param pipeline messages in flight per connection
 * @param rate messages per second, 0 for as many as possible
 * @param warmupMillis before measuring
 * @param millis of measuring, 0 to send a count
 * @param count of messages
 */
record Work(
        Kind kind,
        boolean tls,
        int connections,
        int size,
        int pipeline,
        long rate,
        long warmupMillis,
        long millis,
        long count) {

    enum Kind {
        /** Messages on connections that stay. */
        LOAD,
        /** A connection for each message. */
        CYCLES,
        /** Connections that stay open, silent, until the next work. */
        IDLE
    }

    static Work load(int connections, int size, int pipeline) {
        return new Work(Kind.LOAD, false, connections, size, pipeline, 0, 0, 0, 0);
    }

    static Work cycles(int connections, int size) {
        return new Work(Kind.CYCLES, false, connections, size, 1, 0, 0, 0, 0);
    }

    static Work idle(int connections) {
        return new Work(Kind.IDLE, false, connections, 1, 1, 0, 0, 0, 0);
    }

    Work overTls() {
        return new Work(kind, true, connections, size, pipeline, rate, warmupMillis, millis, count);
    }

    Work during(long warmup, long measured) {
        return new Work(kind, tls, connections, size, pipeline, rate, warmup, measured, 0);
    }

    Work counting(long messages) {
        return new Work(kind, tls, connections, size, pipeline, rate, 0, 0, messages);
    }

    Work atRate(long messagesPerSecond) {
        return new Work(
                kind,
                tls,
                connections,
                size,
                pipeline,
                messagesPerSecond,
                warmupMillis,
                millis,
                count);
    }

    String text() {
        return "%s %s %d %d %d %d %d %d %d"
                .formatted(
                        kind, tls, connections, size, pipeline, rate, warmupMillis, millis, count);
    }

    /** Reads the words of a text form from a place on. */
    static Work parse(String[] words, int at) {
        return new Work(
                Kind.valueOf(words[at]),
                Boolean.parseBoolean(words[at + 1]),
                Integer.parseInt(words[at + 2]),
                Integer.parseInt(words[at + 3]),
                Integer.parseInt(words[at + 4]),
                Long.parseLong(words[at + 5]),
                Long.parseLong(words[at + 6]),
                Long.parseLong(words[at + 7]),
                Long.parseLong(words[at + 8]));
    }
}
