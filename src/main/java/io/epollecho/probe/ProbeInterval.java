package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * An interval of a run, and how the run stands at its end.
 *
 * @param end when it ended
 * @param elapsed the time since the beginning of the run
 * @param length its length
 * @param complete false for the rest of the run after the last whole interval
 * @param messages that were answered in it
 * @param errors the failures in it, and the connections on which wrong bytes first came back in it
 * @param latency of the messages answered in it, in nanoseconds; empty during the warm-up. Used
 *     again for the next interval.
 * @param open connections that are open
 * @param answered messages since the beginning
 * @param wrongBytes since the beginning
 * @param missingBytes since the beginning
 * @param lost connections since the beginning, or attempts to open one
 * @param failures since the beginning, by kind
 * @param outages since the beginning; empty without {@code reconnect}
 */
public record ProbeInterval(
        Instant end,
        Duration elapsed,
        Duration length,
        boolean complete,
        long messages,
        long errors,
        Histogram latency,
        int open,
        long answered,
        long wrongBytes,
        long missingBytes,
        int lost,
        List<FailureCount> failures,
        OutageSummary outages) {

    /**
     * Returns the throughput.
     *
     * @return messages answered per second
     */
    public double messagesPerSecond() {
        return length.isZero() ? 0 : messages * 1e9 / length.toNanos();
    }
}
