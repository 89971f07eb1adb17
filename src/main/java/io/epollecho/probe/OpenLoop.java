package io.epollecho.probe;

/**
 * A schedule in which messages are due at a constant rate, regardless of the server, and are
 * distributed over the connections in turn.
 *
 * <p>The latency of a message delayed by a slow server is measured from the time it was due, not
 * from the time it could be sent. Otherwise the worst moments would contribute the fewest samples
 * (coordinated omission).
 */
final class OpenLoop implements Schedule {

    private final double nanosPerMessage;
    private final long count;
    private int connections;
    private long startedAt;
    private long due;
    private long dueInWarmup;
    private boolean ended;

    /**
     * Creates a schedule.
     *
     * @param rate the messages per second over all connections
     * @param count the number of messages, or {@link Long#MAX_VALUE} for no limit
     */
    OpenLoop(double rate, long count) {
        this.nanosPerMessage = 1e9 / rate;
        this.count = count;
    }

    @Override
    public void begin(long now, int connections) {
        this.connections = connections;
        startedAt = now;
        advance(now);
    }

    @Override
    public void advance(long now) {
        if (!ended) {
            due = Math.min(count, 1 + (long) ((now - startedAt) / nanosPerMessage));
        }
    }

    @Override
    public void measure() {
        dueInWarmup = due;
    }

    @Override
    public void end() {
        ended = true;
    }

    @Override
    public int grant(int connection, long begun, int atMost) {
        return Math.clamp(dueOn(connection) - begun, 0, atMost);
    }

    @Override
    public long skip(int connection, long begun) {
        return Math.max(begun, dueOn(connection));
    }

    @Override
    public long queued(int connection, long begun) {
        return Math.max(0, dueOn(connection) - Math.max(begun, on(connection, dueInWarmup)));
    }

    private long dueOn(int connection) {
        return on(connection, due);
    }

    /** Returns how many of the first {@code messages} of the run belong to a connection. */
    private long on(int connection, long messages) {
        return (messages - connection + connections - 1) / connections;
    }

    @Override
    public long plannedAt(int connection, long message, long now) {
        return plannedAt(message * connections + connection);
    }

    private long plannedAt(long message) {
        return startedAt + (long) Math.ceil(message * nanosPerMessage);
    }

    @Override
    public long planned() {
        return due - dueInWarmup;
    }

    @Override
    public boolean exhausted() {
        return ended || due == count;
    }

    /** Returns the number of messages that have become due, including the warm-up. */
    long due() {
        return due;
    }

    /** Returns the time at which the next message is due. */
    long nextAt() {
        return exhausted() ? Long.MAX_VALUE : plannedAt(due);
    }
}
