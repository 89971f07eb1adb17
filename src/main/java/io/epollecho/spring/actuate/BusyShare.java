package io.epollecho.spring.actuate;

import java.time.Duration;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * The share of time that an event loop was busy since the previous call. Calls that follow within
 * half a second return the previous result, because the window would be too short.
 */
final class BusyShare implements DoubleSupplier {

    private static final long SHORTEST_WINDOW_NANOS = Duration.ofMillis(500).toNanos();

    private final Supplier<Duration> busyTime;
    private long busyBefore;
    private long askedBefore;
    private double share;

    BusyShare(Supplier<Duration> busyTime) {
        this.busyTime = busyTime;
        this.busyBefore = busyTime.get().toNanos();
        this.askedBefore = System.nanoTime();
    }

    @Override
    public synchronized double getAsDouble() {
        long now = System.nanoTime();
        long window = now - askedBefore;
        if (window >= SHORTEST_WINDOW_NANOS) {
            long busy = busyTime.get().toNanos();
            share = Math.clamp((double) (busy - busyBefore) / window, 0.0, 1.0);
            busyBefore = busy;
            askedBefore = now;
        }
        return share;
    }
}
