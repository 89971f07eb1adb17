package io.epollecho;

import java.time.Duration;

/** Measures the time since it was started. */
public final class Stopwatch {

    private final long start = System.nanoTime();

    private Stopwatch() {}

    /** Returns a running stopwatch. */
    public static Stopwatch start() {
        return new Stopwatch();
    }

    /** Returns the time since the start. */
    public Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** Returns whether more than the given time has passed. */
    public boolean isPast(Duration time) {
        return elapsed().compareTo(time) > 0;
    }
}
