package io.epollecho.server;

import io.epollecho.loop.EventLoop;
import io.epollecho.loop.RateLimitedLog;
import io.epollecho.loop.TimerWheel;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;

/**
 * Accepts connections from a listening socket, admits or refuses each one, and distributes them
 * round-robin over the event loops.
 *
 * <p>When accepting fails, most likely because the process is out of file descriptors, the
 * listening socket stays ready and would be reported again immediately. The acceptor therefore
 * pauses, longer after each failure, while the backlog fills up.
 *
 * <p>Confined to the thread of the first loop.
 */
final class Acceptor extends TimerWheel.Timer implements EventLoop.Handler {

    private static final Logger log = LoggerFactory.getLogger(Acceptor.class);

    /**
     * The maximum number of connections accepted per turn, so that a burst does not starve the
     * others.
     */
    private static final int BATCH = 128;

    private static final long SHORTEST_PAUSE_NANOS = Duration.ofMillis(20).toNanos();
    private static final long LONGEST_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final List<ServerLoop> loops;
    private final ServerLoop loop;
    private final ListeningSocket socket;
    private final Admission admission;
    private final RateLimitedLog errorLog;
    private final RateLimitedLog limitLog;
    private final RateLimitedLog addressLimitLog;
    private SelectionKey key;
    private int nextLoop;
    private long pauseNanos;
    private long pausedUntil = TimerWheel.NEVER;

    Acceptor(List<ServerLoop> loops, ListeningSocket socket, Admission admission)
            throws IOException {
        this.loops = loops;
        this.loop = loops.getFirst();
        this.socket = socket;
        this.admission = admission;
        this.errorLog = loop.rateLimitedLog();
        this.limitLog = loop.rateLimitedLog();
        this.addressLimitLog = loop.rateLimitedLog();
        this.key = loop.register(socket.channel(), SelectionKey.OP_ACCEPT, this);
    }

    @Override
    public void ready() throws IOException {
        for (int i = 0; i < BATCH; i++) {
            if (!acceptOne()) {
                return;
            }
        }
        EventLoop.rearm(key);
    }

    @Override
    public void registered(SelectionKey key) {
        this.key = key;
    }

    /** Accepts one connection. Returns false if none is waiting. */
    private boolean acceptOne() throws IOException {
        SocketChannel channel = socket.channel().accept();
        if (channel == null) {
            return false;
        }
        pauseNanos = 0;
        RejectReason reason = admit(channel);
        if (reason != null) {
            reject(channel, reason);
        }
        return true;
    }

    /** Hands the channel to a loop, or returns the reason why it has no owner yet. */
    private @Nullable RejectReason admit(SocketChannel channel) {
        Admission.Ticket ticket = null;
        boolean dealt = false;
        try {
            InetAddress address = socket.hasProxyProtocol() ? null : countedAddress(channel);
            socket.setUp(channel);
            ticket = admission.admit();
            if (ticket == null) {
                return RejectReason.LIMIT;
            }
            if (address != null && !ticket.countFor(address)) {
                return RejectReason.ADDRESS_LIMIT;
            }
            dealt = deal(channel, ticket);
            return dealt ? null : RejectReason.ERROR;
        } catch (IOException | RuntimeException | Error e) {
            return RejectReason.ERROR; // for example, the peer has already reset the connection
        } finally {
            if (!dealt && ticket != null) {
                ticket.close();
            }
        }
    }

    /**
     * Returns the address that the connection counts against, or null if there is no limit per
     * address. Not used behind a proxy, where the address is known only after the header.
     */
    private @Nullable InetAddress countedAddress(SocketChannel channel) throws IOException {
        return admission.countsAddresses()
                        && channel.getRemoteAddress() instanceof InetSocketAddress peer
                ? peer.getAddress()
                : null;
    }

    /**
     * Hands the channel to the next loop in turn. Returns false if that loop has ended. If this
     * method throws, the loop does not have the channel either.
     */
    private boolean deal(SocketChannel channel, Admission.Ticket ticket) {
        ServerLoop chosen = loops.get(nextLoop);
        nextLoop = (nextLoop + 1) % loops.size();
        if (chosen == loop) {
            loop.adopt(channel, socket.listener(), ticket);
            return true;
        }
        return chosen.eventLoop().execute(() -> chosen.adopt(channel, socket.listener(), ticket));
    }

    private void reject(SocketChannel channel, RejectReason reason) {
        loop.reject(channel, socket.listener(), reason);
        if (reason != RejectReason.ERROR) {
            logLimit(reason);
        }
    }

    private void logLimit(RejectReason reason) {
        boolean byAddress = reason == RejectReason.ADDRESS_LIMIT;
        Setting<?> limit =
                byAddress ? Setting.MAX_CONNECTIONS_PER_ADDRESS : Setting.MAX_CONNECTIONS;
        (byAddress ? addressLimitLog : limitLog)
                .log(
                        others ->
                                log.warn(
                                        "Connection refused: {} reached ({} open){}",
                                        limit.key(),
                                        admission.limit(reason),
                                        others));
    }

    /**
     * Pauses after a failure to accept. A single bad connection costs one short pause; an exhausted
     * resource costs increasingly long ones.
     */
    @Override
    public void failed(Throwable cause) {
        if (!socket.channel().isOpen()) {
            return; // closed by another thread, which stops the server
        }
        loop.counters(socket.listener()).acceptErrors.add(1);
        pauseNanos = Math.clamp(pauseNanos * 2, SHORTEST_PAUSE_NANOS, LONGEST_PAUSE_NANOS);
        pausedUntil = loop.now() + pauseNanos;
        key.interestOps(0);
        loop.schedule(this);
        long pauseMillis = Duration.ofNanos(pauseNanos).toMillis();
        errorLog.log(
                others ->
                        log.warn(
                                "Cannot accept connections, next attempt in {} ms: {}{}",
                                pauseMillis,
                                cause.toString(),
                                others));
    }

    @Override
    protected long deadline() {
        return pausedUntil;
    }

    @Override
    protected void expired() {
        pausedUntil = TimerWheel.NEVER;
        key.interestOps(SelectionKey.OP_ACCEPT);
    }

    /** Returns whether the selector has dropped the listening socket although it is open. */
    boolean isDeregistered() {
        return socket.channel().isOpen() && !key.isValid();
    }

    /**
     * Accepts the connections that the kernel has already completed, so that no client that
     * considers itself connected is cut off, then closes the listening socket. Accepts at most one
     * full backlog: Linux queues one connection more than the backlog, and later arrivals may be
     * dropped.
     */
    void drain() {
        if (!socket.channel().isOpen()) {
            return;
        }
        try {
            for (int i = 0; i <= socket.backlog() && acceptOne(); i++) {}
        } catch (IOException e) {
            log.debug("Connections left in the backlog are lost: {}", e.toString());
        } finally {
            close();
        }
    }

    /** Closes the listening socket. Idempotent. */
    void close() {
        socket.close();
        loop.cancel(this);
    }

    /** Writes the log lines that are held back. */
    void flushLogs() {
        errorLog.flush();
        limitLog.flush();
        addressLimitLog.flush();
    }
}
