package io.epollecho.server;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;

/**
 * Takes connections from the listening socket, decides whether they may come in, and deals them out
 * to the loops in turn.
 *
 * <p>When accepting fails, most likely as descriptors have run out, the listening socket stays
 * ready and would be reported again at once, for nothing. So the acceptor pauses, longer each time,
 * and lets the backlog fill up meanwhile.
 *
 * <p>Belongs to the thread of the first loop.
 */
final class Acceptor extends TimerWheel.Timer implements EventLoop.Handler {

    private static final Logger log = LoggerFactory.getLogger(Acceptor.class);

    /**
     * The most connections accepted in one go, so that a flood of new ones does not starve those
     * that are there.
     */
    private static final int BATCH = 128;

    private static final long SHORTEST_PAUSE_NANOS = Duration.ofMillis(20).toNanos();
    private static final long LONGEST_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final EventLoop loop;
    private final List<EventLoop> loops;
    private final ServerSocketChannel listener;
    private final SocketSetup socketSetup;
    private final Admission admission;
    private SelectionKey key;
    private final LogLimiter errorLog = new LogLimiter();
    private final LogLimiter rejectionLog = new LogLimiter();
    private int nextLoop;
    private long pauseNanos;
    private long pausedUntil = TimerWheel.NEVER;

    Acceptor(
            List<EventLoop> loops,
            ServerSocketChannel listener,
            SocketSetup socketSetup,
            Admission admission)
            throws IOException {
        this.loops = loops;
        this.loop = loops.getFirst();
        this.listener = listener;
        this.socketSetup = socketSetup;
        this.admission = admission;
        this.key = loop.register(listener, SelectionKey.OP_ACCEPT, this);
        loop.setAcceptor(this);
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

    /** Returns whether there was a connection to accept. */
    private boolean acceptOne() throws IOException {
        SocketChannel channel = listener.accept();
        if (channel == null) {
            return false;
        }
        pauseNanos = 0;
        admit(channel);
        return true;
    }

    private void admit(SocketChannel channel) {
        try {
            InetAddress countedAddress = admission.countedAddress(channel);
            socketSetup.applyTo(channel);
            RejectReason refusal = admission.enter(countedAddress);
            if (refusal == null) {
                deal(channel, countedAddress);
            } else {
                refuse(channel, refusal);
            }
        } catch (IOException | RuntimeException e) {
            log.debug("Cannot set up {}: {}", channel, e.toString());
            loop.reject(channel, RejectReason.ERROR);
        }
    }

    private void deal(SocketChannel channel, @Nullable InetAddress countedAddress) {
        EventLoop chosen = loops.get(nextLoop);
        nextLoop = (nextLoop + 1) % loops.size();
        if (chosen == loop) {
            loop.adopt(channel, countedAddress);
        } else if (!chosen.execute(() -> chosen.adopt(channel, countedAddress))) {
            admission.leave(countedAddress);
            loop.reject(channel, RejectReason.ERROR);
        }
    }

    private void refuse(SocketChannel channel, RejectReason reason) {
        loop.reject(channel, reason);
        long heldBack = rejectionLog.permits(loop.now());
        if (heldBack >= 0) {
            log.warn(
                    "Refused a connection, {}: {} are open at most{}",
                    reason.label(),
                    admission.limit(reason),
                    LogLimiter.alike(heldBack));
        }
    }

    /**
     * Accepting failed: pauses. A single bad connection costs one short pause, an exhausted
     * resource ever longer ones.
     */
    @Override
    public void failed(Exception e) {
        loop.statistics().acceptErrors.add(1);
        pauseNanos = Math.clamp(pauseNanos * 2, SHORTEST_PAUSE_NANOS, LONGEST_PAUSE_NANOS);
        pausedUntil = loop.now() + pauseNanos;
        key.interestOps(0);
        loop.timers().schedule(this);
        long heldBack = errorLog.permits(loop.now());
        if (heldBack >= 0) {
            log.warn(
                    "Cannot accept connections, next try in {} ms: {}{}",
                    Duration.ofNanos(pauseNanos).toMillis(),
                    e.toString(),
                    LogLimiter.alike(heldBack));
        }
    }

    @Override
    long deadline() {
        return pausedUntil;
    }

    @Override
    void expired() {
        pausedUntil = TimerWheel.NEVER;
        key.interestOps(SelectionKey.OP_ACCEPT);
    }

    /**
     * Takes what the kernel has already connected, so that no client is cut that believes to be in,
     * and closes the listening socket. At most one full backlog: those who come while it goes on
     * are not owed anything.
     */
    void drain(int backlog) throws IOException {
        if (!listener.isOpen()) {
            return;
        }
        try {
            for (int i = 0; i < backlog && acceptOne(); i++) {}
        } catch (IOException e) {
            log.debug("Connections left in the backlog are lost: {}", e.toString());
        }
        close();
        loop.flushClosed();
    }

    void close() {
        loop.timers().cancel(this);
        try {
            listener.close();
        } catch (IOException e) {
            log.warn("Cannot close the listening socket", e);
        }
    }
}
