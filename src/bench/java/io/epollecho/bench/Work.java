package io.epollecho.bench;

/**
 * The work of a client with a server. The benchmark sends it to the client process as text.
 *
 * @param kind the kind of work
 * @param tls whether to use TLS
 * @param connections the number of connections
 * @param size the size of a message in bytes
 * @param pipeline the number of messages in flight per connection
 * @param rate messages per second, or 0 for as many as possible
 * @param warmupMillis the warmup before the measurement
 * @param millis the duration of the measurement, or 0 to send a number of messages
 * @param count the number of messages
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
        /** Sends messages on connections that stay open. */
        LOAD,
        /** Opens a new connection for each message. */
        CYCLES,
        /** Opens connections and leaves them idle until the next work. */
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

    /** Parses the text form from the given index of its words. */
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
