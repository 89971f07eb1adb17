package io.epollecho.probe;

/** A schedule in which a message is due as soon as the pipeline has room for it. */
final class ClosedLoop implements Schedule {

    private final long count;
    private long left;
    private long granted;

    /**
     * Creates a schedule.
     *
     * @param count the number of messages, or {@link Long#MAX_VALUE} for no limit
     */
    ClosedLoop(long count) {
        this.count = count;
        this.left = count;
    }

    @Override
    public void begin(long now, int connections) {}

    @Override
    public void advance(long now) {}

    @Override
    public void measure() {
        granted = 0;
    }

    @Override
    public void end() {
        left = 0;
    }

    @Override
    public int grant(int connection, long begun, int atMost) {
        int grant = (int) Math.min(atMost, left);
        left -= grant;
        granted += grant;
        return grant;
    }

    @Override
    public long skip(int connection, long begun) {
        return begun;
    }

    @Override
    public long queued(int connection, long begun) {
        return 0; // an answer triggers the next message, so none waits
    }

    @Override
    public long plannedAt(int connection, long message, long now) {
        return now;
    }

    @Override
    public long planned() {
        return count == Long.MAX_VALUE ? granted : count;
    }

    @Override
    public boolean exhausted() {
        return left == 0;
    }
}
