package io.epollecho.probe;

/**
 * Messages are due at a constant rate, whatever the server does, one connection after the other.
 *
 * <p>What a slow server keeps waiting is measured from when it was due, not from when there was
 * room to send it. Otherwise the worst moments would be measured least (coordinated omission).
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
     * @param rate messages per second over all connections
     * @param count of messages, {@link Long#MAX_VALUE} for no end
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

    private long dueOn(int connection) {
        return (due - connection + connections - 1) / connections;
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

    /** How many messages have been due, warm-up included; the next one is on this connection's. */
    long due() {
        return due;
    }

    /** When the next message is due. */
    long nextAt() {
        return exhausted() ? Long.MAX_VALUE : plannedAt(due);
    }
}
