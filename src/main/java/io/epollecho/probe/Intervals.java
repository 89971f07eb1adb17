package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;

/** Divides a run into intervals, and reports each to the listener. For the probe's thread only. */
final class Intervals {

    private final Tally tally;
    private final Supplier<Progress> progress;
    private final Outages outages;
    private final ProbeListener listener;
    private final long lengthNanos;
    private final long startedAt;
    private long begunAt;
    private long endsAt;
    private long answeredBefore;
    private long errorsBefore;

    Intervals(
            Tally tally,
            Supplier<Progress> progress,
            Outages outages,
            ProbeListener listener,
            Duration length,
            long startedAt) {
        this.tally = tally;
        this.progress = progress;
        this.outages = outages;
        this.listener = listener;
        this.lengthNanos = length.toNanos();
        this.startedAt = startedAt;
        this.begunAt = startedAt;
        this.endsAt = startedAt + lengthNanos;
        tally.intervalLatency().setStartTimeStamp(System.currentTimeMillis());
    }

    /** Ends the current interval if its time has elapsed. */
    void advance(long now) {
        if (now >= endsAt) {
            cut(now, true);
            // Skip intervals that were missed while the process was suspended.
            endsAt += lengthNanos * (1 + (now - endsAt) / lengthNanos);
        }
    }

    /** Ends the last interval. */
    void end(long now) {
        cut(now, false);
    }

    private void cut(long now, boolean complete) {
        Histogram latency = tally.intervalLatency();
        Instant end = Instant.now();
        latency.setEndTimeStamp(end.toEpochMilli());
        listener.interval(
                new ProbeInterval(
                        end,
                        Duration.ofNanos(now - startedAt),
                        Duration.ofNanos(now - begunAt),
                        complete,
                        tally.answeredInAll() - answeredBefore,
                        tally.failures().total() - errorsBefore,
                        latency,
                        tally.intervalConnecting(),
                        tally.intervalHandshakes(),
                        progress.get(),
                        tally.open(),
                        tally.answeredInAll(),
                        tally.wrongBytes(),
                        tally.missingBytes(),
                        tally.failures().lost(),
                        tally.failures().counts(),
                        outages.summary(now)));
        tally.endInterval();
        latency.setStartTimeStamp(end.toEpochMilli());
        begunAt = now;
        answeredBefore = tally.answeredInAll();
        errorsBefore = tally.failures().total();
    }
}
