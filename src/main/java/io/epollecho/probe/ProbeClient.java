package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * One client of the server. It has one connection at a time and, if the options ask for it, opens a
 * new one when that connection is lost.
 */
final class ProbeClient {

    private static final long RETRY_NANOS = 100_000_000;

    private final Probe probe;
    private final ProbeOptions options;
    private final int number;
    private @Nullable Dial dial;
    private @Nullable ProbeConnection connection;
    private long opened;
    private long begun;
    private long retryAt = Long.MIN_VALUE;

    ProbeClient(Probe probe, ProbeOptions options, int number) {
        this.probe = probe;
        this.options = options;
        this.number = number;
    }

    int number() {
        return number;
    }

    /** Begins to open a connection. The outcome is known later. */
    void open() {
        opened++;
        try {
            dial = new Dial(probe, options, this, probe.resolver().addresses());
        } catch (UnknownHostException e) {
            failed(e, System.nanoTime(), Endpoints.UNKNOWN);
            return;
        }
        dial.begin();
    }

    void send(long now) {
        if (connection != null) {
            connection.send(now);
        }
    }

    void end() {
        if (connection != null) {
            connection.end();
        }
    }

    void close() {
        if (dial != null) {
            dial.close();
            dial = null;
        }
        if (connection != null) {
            connection.close();
        }
    }

    void checkSilence(long now, long timeoutNanos) {
        if (dial != null) {
            dial.check(now, timeoutNanos);
        }
        if (connection != null) {
            connection.checkSilence(now, timeoutNanos);
        }
    }

    void giveUp(String afterwards) {
        if (connection != null) {
            connection.giveUp(afterwards);
        }
    }

    int unanswered() {
        return connection == null ? 0 : connection.unanswered();
    }

    boolean isConnecting() {
        return dial != null || (connection != null && connection.isOpening());
    }

    boolean isOpen() {
        return dial != null || (connection != null && connection.isOpen());
    }

    boolean isOwed() {
        return connection != null && connection.isOwed();
    }

    boolean isUsable() {
        return connection != null && connection.isUsable();
    }

    /**
     * Counts a usable connection as recovered at the end of the run, even if no message was due on
     * it.
     */
    void confirm() {
        if (connection != null && connection.isUsable()) {
            probe.outages().recovered(number, connection.usableSince());
        }
    }

    /** Returns whether it is time to open a new connection. */
    boolean wantsToRetry(long now) {
        return options.reconnect() && dial == null && connection == null && now >= retryAt;
    }

    // ---- for its connection -------------------------------------------------------------------

    /** Returns the number of messages begun so far, over all connections of this client. */
    long begun() {
        return begun;
    }

    /** Returns the number of the next message. */
    long next() {
        return begun++;
    }

    /** Called when messages can be sent. Skips the messages that were due during an outage. */
    void opened() {
        if (opened > 1 && probe.isSending()) {
            begun = probe.schedule().skip(number, begun);
        }
    }

    /** Called when the first answer of a connection has arrived. */
    void answered(long usableSince) {
        probe.outages().recovered(number, usableSince);
    }

    /** Called when the TCP connection is established; its key still belongs to the dial. */
    void connected(SocketChannel channel, SelectionKey key, Endpoints endpoints, long startedAt) {
        dial = null;
        // Each connection sends a different stream, so that bytes of an earlier one are wrong.
        long stream = number + (opened - 1) * options.connections();
        connection = new ProbeConnection(probe, options, this, stream, channel, key, endpoints);
        connection.open(startedAt);
    }

    /** Called when the connection was lost or could not be opened. */
    void failed(IOException cause, long since, Endpoints endpoints) {
        dial = null;
        connection = null;
        String reason = "connection " + number + ": " + cause.getMessage();
        FailureKind kind = FailureKind.of(cause);
        probe.tally().failed(kind, reason, endpoints);
        if (options.reconnect()) {
            retryAt = System.nanoTime() + RETRY_NANOS;
            probe.outages().failed(number, since, kind, reason + endpoints);
        }
    }

    /** Returns the number of messages that are due but not begun, because no answer came yet. */
    long queued() {
        return isUsable() ? probe.schedule().queued(number, begun) : 0;
    }

    /** Returns the time at which the oldest queued message was due. */
    long queuedSince() {
        return probe.schedule().plannedAt(number, begun, System.nanoTime());
    }
}
