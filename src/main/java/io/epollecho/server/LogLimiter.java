package io.epollecho.server;

import java.time.Duration;

/**
 * Lets through at most one line a second of a kind that peers can cause, and counts the others. For
 * one thread.
 */
final class LogLimiter {

    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private boolean used;
    private long lastAt;
    private long heldBack;

    /**
     * Asks whether a line may be logged now.
     *
     * @return how many were held back since the last one, or -1 if this one is held back too
     */
    long permits(long now) {
        if (used && now - lastAt < PAUSE_NANOS) {
            heldBack++;
            return -1;
        }
        long before = heldBack;
        used = true;
        lastAt = now;
        heldBack = 0;
        return before;
    }

    /** Words for the end of a line that speaks for others too. */
    static String alike(long heldBack) {
        return heldBack == 0 ? "" : " (and " + heldBack + " more like this)";
    }
}
