package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
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
    void open(long now) {
        SocketChannel channel = null;
        try {
            InetSocketAddress address = probe.resolver().address();
            if (address.isUnresolved()) {
                throw new UnknownHostException("Unknown host " + address.getHostString());
            }
            channel = SocketChannel.open();
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            // Each connection sends a different stream, so that bytes of an earlier one are wrong.
            long stream = number + opened++ * options.connections();
            connection = new ProbeConnection(probe, options, this, stream, channel);
            connection.connect(address);
        } catch (IOException e) {
            failed(e, now);
            if (channel != null) {
                closeQuietly(channel);
            }
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // The channel was never used, and the original failure is reported.
        }
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
        if (connection != null) {
            connection.close();
        }
    }

    void checkSilence(long now, long timeoutNanos) {
        if (connection != null) {
            connection.checkSilence(now, timeoutNanos);
        }
    }

    boolean isConnecting() {
        return connection != null && connection.isConnecting();
    }

    boolean isOpen() {
        return connection != null && connection.isOpen();
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
        return options.reconnect() && connection == null && now >= retryAt;
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

    /** Called when the connection was lost or could not be opened. */
    void failed(IOException cause, long since) {
        connection = null;
        String reason = "connection " + number + ": " + cause.getMessage();
        FailureKind kind = FailureKind.of(cause);
        probe.tally().failed(kind, reason);
        if (options.reconnect()) {
            retryAt = System.nanoTime() + RETRY_NANOS;
            probe.outages().failed(number, since, kind, reason);
        }
    }
}
