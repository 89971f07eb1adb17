package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * The result of a probe.
 *
 * @param target the server
 * @param connections the number of connections requested
 * @param usable the number of connections open at the end
 * @param progress the messages of the measurement. If connections are lost or an open loop outruns
 *     the server, not all that were planned are sent. Those queued are counted when the last
 *     message became due; some of them may have been sent since.
 * @param behind how long the oldest queued message had been due at that time
 * @param overdue the number of messages that were sent but not answered within the lowest latency
 *     and a quarter of a second after that time; 0 without a rate
 * @param messages the number of planned messages that were answered
 * @param bytes the number of bytes in the answered messages
 * @param wrongBytes the number of received bytes that differ from those sent or were never sent,
 *     including the warm-up
 * @param missingBytes the number of bytes sent that never came back, including the warm-up
 * @param elapsed the time from the first planned message to the last message sent or answered, or
 *     to the last failure if a count of messages was requested
 * @param latency the latency of the answered messages in nanoseconds, capped at one hour
 * @param connecting the time to establish each TCP connection, in nanoseconds
 * @param handshakes the duration of each TLS handshake in nanoseconds; empty without TLS
 * @param failures the failures by kind; empty if there were none
 * @param firstFailure the description of the first failure; empty if there was none
 * @param outages the summary of outages; all zero without {@code reconnect}
 * @param source the local addresses of the connections, with the port if there was only one
 *     connection; empty if no connection was open
 * @param connected the number of connections established to each address of the server
 * @param greetings the number of connections greeted by each server, by the name of its pod or
 *     host; empty if no greeting was expected
 */
public record ProbeReport(
        Target target,
        int connections,
        int usable,
        Progress progress,
        Duration behind,
        long overdue,
        long messages,
        long bytes,
        long wrongBytes,
        long missingBytes,
        Duration elapsed,
        Histogram latency,
        Histogram connecting,
        Histogram handshakes,
        List<FailureCount> failures,
        Optional<String> firstFailure,
        OutageSummary outages,
        Optional<String> source,
        SortedMap<String, Integer> connected,
        SortedMap<String, Integer> greetings) {

    static final Duration TOLERATED_DELAY = Duration.ofMillis(250);

    /**
     * Returns the number of failures of a kind.
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
     * Returns the number of connections that could not be established.
     *
     * @return the number of failures of the kinds that prevent a connection
     */
    public long connectFailures() {
        return failures.stream()
                .filter(failure -> failure.kind().isConnectFailure())
                .mapToLong(FailureCount::count)
                .sum();
    }

    /**
     * Returns whether every connection was opened and kept, and every byte came back right.
     *
     * @return true if there were no failures
     */
    public boolean flawless() {
        return wrongBytes == 0 && missingBytes == 0 && failures.isEmpty();
    }

    /**
     * Returns whether the messages were sent and answered at the requested rate. They were not if
     * more than one percent of them were queued when the last one became due, the oldest for more
     * than a quarter of a second, or overdue afterwards.
     *
     * @return true if the rate was reached or none was requested
     */
    public boolean rateReached() {
        return sentInTime() && overdue <= progress.planned() / 100;
    }

    /** Returns whether the connections were free to send when messages became due. */
    boolean sentInTime() {
        return progress.queued() <= progress.planned() / 100
                || behind.compareTo(TOLERATED_DELAY) <= 0;
    }

    /**
     * Returns whether the run achieved what was requested.
     *
     * @return true if the run was flawless, at least one message was answered, and the rate was
     *     reached
     */
    public boolean successful() {
        return flawless() && messages > 0 && rateReached();
    }

    /**
     * Returns the throughput in messages.
     *
     * @return the number of answered messages per second
     */
    public double messagesPerSecond() {
        return perSecond(messages);
    }

    /**
     * Returns the throughput in bytes.
     *
     * @return the number of answered bytes per second
     */
    public double bytesPerSecond() {
        return perSecond(bytes);
    }

    private double perSecond(long amount) {
        return elapsed.isZero() ? 0 : amount * 1e9 / elapsed.toNanos();
    }
}
