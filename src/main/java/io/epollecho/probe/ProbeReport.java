package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.Duration;
import java.util.Optional;

/**
 * What a probe has found.
 *
 * @param connections that were asked for
 * @param connectFailures of them that were refused or not answered in time
 * @param resets of them that the peer cut or closed before the end
 * @param stalls of them that owed an answer and were silent for the timeout
 * @param planned messages that were due while it was measured; an open loop that outran the server
 *     has not sent all of them
 * @param messages of these that came back
 * @param bytes in these
 * @param wrongBytes that came back other than sent, or without having been sent, warm-up included
 * @param missingBytes that were sent and never came back, warm-up included
 * @param elapsed from the first measured message planned to the last one sent or answered
 * @param latency of each message that came back, in nanoseconds, up to one hour
 * @param firstFailure what the first lost connection died of
 */
public record ProbeReport(
        int connections,
        int connectFailures,
        int resets,
        int stalls,
        long planned,
        long messages,
        long bytes,
        long wrongBytes,
        long missingBytes,
        Duration elapsed,
        Histogram latency,
        Optional<String> firstFailure) {

    /**
     * Whether every connection was opened and lived, and every byte came back right.
     *
     * @return true if there is nothing to complain of
     */
    public boolean flawless() {
        return wrongBytes == 0 && missingBytes == 0 && connectFailures + resets + stalls == 0;
    }

    /**
     * The throughput.
     *
     * @return messages that came back per second
     */
    public double messagesPerSecond() {
        return perSecond(messages);
    }

    /**
     * The throughput.
     *
     * @return bytes that came back per second
     */
    public double bytesPerSecond() {
        return perSecond(bytes);
    }

    private double perSecond(long amount) {
        return elapsed.isZero() ? 0 : amount * 1e9 / elapsed.toNanos();
    }
}
