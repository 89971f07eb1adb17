package io.epollecho.loop;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A log that writes at most one line per second, for events that peers can cause at any rate. Each
 * line states how many further events it stands for, so the counts of all lines add up to the
 * number of events. A timer writes the last line if it was held back.
 *
 * <p>Must be used on the thread of its event loop only.
 */
public final class RateLimitedLog extends TimerWheel.Timer {

    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final TimerWheel timers;
    private final LongSupplier now;
    private @Nullable Consumer<String> heldBackLine;
    private long heldBack;
    private long pausedUntil = TimerWheel.NEVER;

    /**
     * Creates a rate-limited log.
     *
     * @param timers the loop's timers
     * @param now supplies the loop's time
     */
    public RateLimitedLog(TimerWheel timers, LongSupplier now) {
        this.timers = timers;
        this.now = now;
    }

    /**
     * Writes a line, or holds it back and adds it to the count of a later line.
     *
     * @param line writes the line; its argument is a suffix for the text, either empty or the
     *     number of lines held back
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

    /** Writes the line that is held back, if any, without waiting for the pause to end. */
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

    /** Ignores a failure to write: only the line is lost. */
    @Override
    protected void failed(Throwable cause) {
        pausedUntil = TimerWheel.NEVER;
    }
}
