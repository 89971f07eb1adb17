package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * An interval of a run, and the totals of the run at the end of the interval.
 *
 * @param end the time at which the interval ended
 * @param elapsed the time since the beginning of the run
 * @param length the length of the interval
 * @param complete false for the remainder of the run after the last whole interval
 * @param messages the number of messages answered in the interval
 * @param errors the number of failures in the interval, including connections on which wrong bytes
 *     first came back
 * @param latency the latency of the messages answered in the interval, in nanoseconds; empty during
 *     the warm-up. The histogram is reused for the next interval.
 * @param connecting the time to establish each TCP connection in the interval, in nanoseconds;
 *     reused for the next interval
 * @param handshakes the duration of each TLS handshake in the interval, in nanoseconds; reused for
 *     the next interval
 * @param progress the messages planned, sent and late so far, and those queued at the end of the
 *     interval; empty during the warm-up
 * @param open the number of open connections
 * @param answered the total number of messages answered
 * @param wrongBytes the total number of wrong bytes
 * @param missingBytes the total number of missing bytes
 * @param lost the total number of connections lost and failed attempts to open one
 * @param failures all failures so far, by kind
 * @param outages all outages so far; zero without {@code reconnect}
 */
public record ProbeInterval(
        Instant end,
        Duration elapsed,
        Duration length,
        boolean complete,
        long messages,
        long errors,
        Histogram latency,
        Histogram connecting,
        Histogram handshakes,
        Progress progress,
        int open,
        long answered,
        long wrongBytes,
        long missingBytes,
        int lost,
        List<FailureCount> failures,
        OutageSummary outages) {

    /**
     * Returns the throughput of the interval.
     *
     * @return the number of messages answered per second
     */
    public double messagesPerSecond() {
        return length.isZero() ? 0 : messages * 1e9 / length.toNanos();
    }
}
