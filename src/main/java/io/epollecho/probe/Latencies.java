package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.Duration;

/** A histogram of the run and one of the current interval, in nanoseconds, capped at one hour. */
final class Latencies {

    private static final long LONGEST = Duration.ofHours(1).toNanos();

    private final Histogram run = new Histogram(LONGEST, 3);
    private final Histogram interval = new Histogram(LONGEST, 3);

    void record(long nanos) {
        interval.recordValue(Math.clamp(nanos, 0, LONGEST));
    }

    /** Adds the interval to the run, and resets the former. */
    void endInterval() {
        run.add(interval);
        interval.reset();
    }

    /** Returns the lowest latency so far, or 0 if there is none. */
    long lowest() {
        if (run.getTotalCount() == 0) {
            return interval.getMinValue();
        }
        return interval.getTotalCount() == 0
                ? run.getMinValue()
                : Math.min(run.getMinValue(), interval.getMinValue());
    }

    Histogram run() {
        return run;
    }

    Histogram interval() {
        return interval;
    }
}
