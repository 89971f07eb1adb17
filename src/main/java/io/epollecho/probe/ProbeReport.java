package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * The result of a probe.
 *
 * @param connections that were asked for
 * @param usable connections that were open in the end
 * @param planned messages that were due while it was measured; an open loop that outran the server
 *     has not sent all of them
 * @param messages of these that came back
 * @param bytes in these
 * @param wrongBytes that came back other than sent, or without having been sent, warm-up included
 * @param missingBytes that were sent and never came back, warm-up included
 * @param elapsed from the first measured message planned to the last one sent or answered, or to
 *     the last failure if a count of messages was asked for
 * @param latency of each message that came back, in nanoseconds, up to one hour
 * @param failures by their kinds; empty if there were none
 * @param outages summed up; all zero without {@code reconnect}
 * @param source the local address of the connections, with the port if it was one; empty if none
 *     was open
 * @param greetings how many connections each server has greeted, by the name of its pod or host;
 *     empty if no greeting was expected
 */
public record ProbeReport(
        int connections,
        int usable,
        long planned,
        long messages,
        long bytes,
        long wrongBytes,
        long missingBytes,
        Duration elapsed,
        Histogram latency,
        List<FailureCount> failures,
        OutageSummary outages,
        Optional<String> source,
        SortedMap<String, Integer> greetings) {

    /**
     * Returns how many failures of a kind there were.
     *
     * @param kind the kind
     * @return the count
     */
    public long count(FailureKind kind) {
        return failures.stream()
                .filter(failure -> failure.kind() == kind)
                .mapToLong(FailureCount::count)
                .sum();
    }

    /**
     * Returns how many connections did not come about.
     *
     * @return the count of the kinds that keep a connection from being made
     */
    public long connectFailures() {
        return failures.stream()
                .filter(failure -> failure.kind().isConnectFailure())
                .mapToLong(FailureCount::count)
                .sum();
    }

    /**
     * Returns a failure in words.
     *
     * @return the first failure of the first kind that has occurred
     */
    public Optional<String> firstFailure() {
        return failures.stream().map(FailureCount::first).findFirst();
    }

    /**
     * Whether every connection was opened and lived, and every byte came back right.
     *
     * @return true if there is nothing to complain of
     */
    public boolean flawless() {
        return wrongBytes == 0 && missingBytes == 0 && failures.isEmpty();
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
