package io.epollecho.loop;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Writes at most one log line per second of a kind that peers can cause. Each line states how many
 * others it stands for, so the counts of all lines add up to the number of events; the last ones
 * are written by a timer.
 *
 * <p>Belongs to its event loop's thread.
 */
public final class RateLimitedLog extends TimerWheel.Timer {

    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final TimerWheel timers;
    private final LongSupplier now;
    private @Nullable Consumer<String> heldBackLine;
    private long heldBack;
    private long pausedUntil = TimerWheel.NEVER;

    /**
     * Creates a log that has written nothing yet.
     *
     * @param timers the loop's timers
     * @param now returns the loop's time
     */
    public RateLimitedLog(TimerWheel timers, LongSupplier now) {
        this.timers = timers;
        this.now = now;
    }

    /**
     * Writes a line, or counts it among those that a later line stands for.
     *
     * @param line writes the line; its argument is the end of the text, which is empty or counts
     *     the lines held back
     */
    public void log(Consumer<String> line) {
        if (pausedUntil != TimerWheel.NEVER && now.getAsLong() < pausedUntil) {
            heldBackLine = line;
            heldBack++;
            return;
        }
        writeAndPause(line, heldBack);
    }

    private void writeAndPause(Consumer<String> line, long others) {
        write(line, others);
        pausedUntil = now.getAsLong() + PAUSE_NANOS;
        timers.schedule(this);
    }

    /** Writes the line that is still held back, if any, without waiting for its time. */
    public void flush() {
        timers.cancel(this);
        pausedUntil = TimerWheel.NEVER;
        if (heldBackLine != null) {
            write(heldBackLine, heldBack - 1);
        }
    }

    private void write(Consumer<String> line, long others) {
        heldBackLine = null;
        heldBack = 0;
        line.accept(others == 0 ? "" : " (and " + others + " more like this)");
    }

    @Override
    protected long deadline() {
        return pausedUntil;
    }

    @Override
    protected void expired() {
        if (heldBackLine == null) {
            pausedUntil = TimerWheel.NEVER;
            return;
        }
        writeAndPause(heldBackLine, heldBack - 1);
    }

    /** A log that cannot be written must not cost more than its line. */
    @Override
    protected void failed(Throwable cause) {
        pausedUntil = TimerWheel.NEVER;
    }
}
