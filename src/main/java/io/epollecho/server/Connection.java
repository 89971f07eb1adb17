package io.epollecho.server;

import io.epollecho.loop.EventLoop;
import io.epollecho.loop.TimerWheel;
import io.epollecho.stream.ByteStream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * One peer: what it sends is written back to it, in order, at once.
 *
 * <pre>
 *            peer ends its stream, is reset, idle or stalled
 *   OPEN ──────────────────────────────────────────────────────────► CLOSED
 *    │                                                                ▲  ▲
 *    │ the server drains                                              │  │
 *    ▼           the same                                             │  │
 *   DRAINING ─────────────────────────────────────────────────────────┘  │
 *    │                                                                   │
 *    │ at rest, or out of time and flushed: FIN                          │
 *    ▼           peer ends its stream too, or the linger time is over    │
 *   LINGERING ───────────────────────────────────────────────────────────┘
 * </pre>
 *
 * <p>{@link #become} makes every transition and refuses the others; {@link #close} is the one door
 * out.
 *
 * <p>In each state the connection either reads, with nothing pending, or flushes what the socket
 * did not take, and then it does not read: a slow reader costs one buffer and no more.
 *
 * <p>A lingering connection has sent its FIN and discards what still arrives. Closing the socket
 * instead, with bytes unread, would make the kernel send a reset, which may overtake the echo on
 * its way (RFC 2525, 2.17).
 *
 * <p>Belongs to its loop's thread.
 */
final class Connection extends TimerWheel.Timer implements EventLoop.Handler {

    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    /**
     * A connection is at rest when nothing is pending and nothing has moved on it for this long.
     */
    private static final long REST_NANOS = Duration.ofSeconds(1).toNanos();

    /**
     * The longest linger of a connection that was at rest when the drain began: its peer has had
     * everything for a while and only has to answer the FIN.
     */
    private static final long SHORT_LINGER_NANOS = Duration.ofSeconds(1).toNanos();

    /**
     * What a connection that is busy at the end of the drain has left: to flush, to send its FIN,
     * to linger.
     */
    private static final long GRACE_NANOS = Duration.ofSeconds(1).toNanos();

    private enum State {
        OPEN,
        DRAINING,
        LINGERING,
        CLOSED;

        boolean leadsTo(State next) {
            return switch (this) {
                case OPEN -> next == DRAINING || next == CLOSED;
                case DRAINING -> next == LINGERING || next == CLOSED;
                case LINGERING -> next == CLOSED;
                case CLOSED -> false;
            };
        }
    }

    private final ServerLoop loop;
    private final ByteStream stream;
    private final ListenerCounters counters;
    private final Admission.Ticket ticket;
    private final long openedAt;
    private SelectionKey key;
    private State state = State.OPEN;
    private @Nullable ByteBuffer pending;

    /** True while the key waits for the socket to take more, false while it waits for bytes. */
    private boolean flushing;

    /** True if the connection was at rest when the drain began. */
    private boolean restedAtDrain;

    /** True if the drain's end found the connection busy. */
    private boolean drainTimedOut;

    private long lastMoved;
    private long received;
    private long sent;
    private int place;

    Connection(
            ServerLoop loop, ByteStream stream, ListenerCounters counters, Admission.Ticket ticket)
            throws IOException {
        this.loop = loop;
        this.stream = stream;
        this.counters = counters;
        this.ticket = ticket;
        this.openedAt = loop.now();
        this.lastMoved = openedAt;
        this.key = loop.register(stream.channel(), stream.interest(SelectionKey.OP_READ), this);
    }

    // ---- readiness ----------------------------------------------------------------------------

    /** Flushes before it reads; otherwise the backlog would grow or bytes would be reordered. */
    @Override
    public void ready() throws IOException {
        if (state == State.CLOSED || (flushing && !flush())) {
            return;
        }
        switch (state) {
            case OPEN -> echo();
            case DRAINING -> {
                if (outOfTime()) {
                    finish();
                } else {
                    echo();
                }
            }
            case LINGERING -> discard();
            case CLOSED -> {}
        }
    }

    @Override
    public void registered(SelectionKey key) {
        this.key = key;
    }

    @Override
    public void failed(Throwable cause) {
        // Close first: memory may be too short to log.
        if (cause instanceof IOException) {
            close(CloseReason.RESET);
            log.debug("Connection lost: {}: {}", this, cause.toString());
        } else {
            close(CloseReason.ERROR);
            loop.logFailure(cause);
        }
    }

    /**
     * Reads and writes until the stream is drained, the peer stops taking, or the read budget is
     * used up and the loop's other connections have their turn.
     */
    private void echo() throws IOException {
        ByteBuffer buffer = loop.readBuffer();
        int budget = loop.readBudget();
        while (budget > 0) {
            int count = stream.read(buffer.clear());
            if (count == ByteStream.END) {
                close(CloseReason.PEER);
                return;
            }
            if (count == 0) {
                return;
            }
            lastMoved = loop.now();
            received += count;
            counters.bytesReceived.add(count);
            boolean filled = !buffer.hasRemaining();
            int written = stream.write(buffer.flip());
            sent += written;
            counters.bytesSent.add(written);
            if (written < count) {
                keep(buffer);
                return;
            }
            if (!stream.flush()) {
                awaitFlush();
                return;
            }
            if (!filled && stream.isDrained()) {
                return;
            }
            budget -= count;
        }
        EventLoop.rearm(key);
    }

    /** Keeps what the stream did not take, and waits for it to take more instead of reading on. */
    private void keep(ByteBuffer rest) {
        ByteBuffer kept = loop.keep(rest);
        pending = kept;
        counters.pendingBytes.add(kept.remaining());
        awaitFlush();
    }

    private void awaitFlush() {
        flushing = true;
        key.interestOps(stream.interest(SelectionKey.OP_WRITE));
        loop.schedule(this);
    }

    /** Returns true if everything is sent, and goes back to reading then. */
    private boolean flush() throws IOException {
        if ((pending != null && !writePending(pending)) || !stream.flush()) {
            EventLoop.rearm(key);
            return false;
        }
        flushing = false;
        key.interestOps(stream.interest(SelectionKey.OP_READ));
        loop.schedule(this); // the rest of a drain is shorter than the write timeout
        return true;
    }

    private boolean writePending(ByteBuffer rest) throws IOException {
        int written = stream.write(rest);
        if (written > 0) {
            lastMoved = loop.now();
            sent += written;
            counters.bytesSent.add(written);
            counters.pendingBytes.add(-written);
        }
        if (rest.hasRemaining()) {
            return false;
        }
        pending = null;
        loop.release(rest);
        return true;
    }

    private void discard() throws IOException {
        ByteBuffer buffer = loop.readBuffer();
        int budget = loop.readBudget();
        while (budget > 0) {
            int count = stream.read(buffer.clear());
            if (count == ByteStream.END) {
                close(drainReason());
                return;
            }
            if (count == 0) {
                return;
            }
            received += count;
            counters.bytesReceived.add(count);
            budget -= count;
        }
        EventLoop.rearm(key);
    }

    // ---- life ---------------------------------------------------------------------------------

    private void become(State next) {
        if (!state.leadsTo(next)) {
            throw new IllegalStateException(state + " does not lead to " + next);
        }
        state = next;
    }

    /**
     * Ends the connection once it comes to rest: the server drains, or its drain ends earlier than
     * planned. A connection at rest already gets its FIN now.
     */
    void drain() {
        if (state == State.OPEN) {
            become(State.DRAINING);
            restedAtDrain = !flushing && lastMoved + REST_NANOS <= loop.now();
            if (restedAtDrain) {
                tryFinish();
                return;
            }
        }
        if (state == State.DRAINING || state == State.LINGERING) {
            loop.schedule(this);
        }
    }

    private void tryFinish() {
        try {
            finish();
        } catch (IOException | RuntimeException e) {
            failed(e);
        }
    }

    /** Sends the FIN and waits for the peer's. Nothing is pending and nothing more is echoed. */
    private void finish() throws IOException {
        drainTimedOut = !restedAtDrain && outOfTime();
        become(State.LINGERING);
        lastMoved = loop.now();
        stream.shutdownOutput();
        loop.schedule(this);
    }

    private CloseReason drainReason() {
        return drainTimedOut ? CloseReason.DRAIN_TIMEOUT : CloseReason.DRAIN;
    }

    @Override
    protected long deadline() {
        return switch (state) {
            case OPEN -> silenceEnds();
            case DRAINING ->
                    flushing
                            ? Math.min(silenceEnds(), loop.drainDeadline() + GRACE_NANOS)
                            : Math.min(lastMoved + REST_NANOS, loop.drainDeadline());
            case LINGERING ->
                    Math.min(lastMoved + lingerNanos(), loop.drainDeadline() + GRACE_NANOS);
            case CLOSED -> TimerWheel.NEVER;
        };
    }

    private long lingerNanos() {
        long longest = loop.lingerTimeoutNanos();
        return restedAtDrain ? Math.min(longest, SHORT_LINGER_NANOS) : longest;
    }

    @Override
    protected void expired() {
        switch (state) {
            case OPEN -> close(flushing ? CloseReason.WRITE_STALL : CloseReason.IDLE);
            case DRAINING -> {
                if (flushing) {
                    close(outOfTime() ? CloseReason.DRAIN_TIMEOUT : CloseReason.WRITE_STALL);
                } else {
                    tryFinish();
                }
            }
            case LINGERING -> close(drainReason());
            case CLOSED -> {}
        }
    }

    private long silenceEnds() {
        long idle = after(loop.idleTimeoutNanos());
        return flushing ? Math.min(idle, after(loop.writeTimeoutNanos())) : idle;
    }

    private long after(long timeoutNanos) {
        return timeoutNanos == 0 ? TimerWheel.NEVER : lastMoved + timeoutNanos;
    }

    private boolean outOfTime() {
        return loop.now() >= loop.drainDeadline();
    }

    /**
     * Closes the connection, from any state; does nothing if it is closed.
     *
     * <p>If bytes are lost, the peer must not take the end of the stream for the end of the echo:
     * it gets a reset, which also frees what the kernel holds for it.
     */
    void close(CloseReason reason) {
        if (state == State.CLOSED) {
            return;
        }
        become(State.CLOSED);
        loop.cancel(this);
        try {
            closeChannel(flushing || reason == CloseReason.RESET || reason == CloseReason.ERROR);
        } finally {
            if (pending != null) {
                counters.pendingBytes.add(-pending.remaining());
                loop.release(pending);
                pending = null;
            }
            ticket.close();
            counters.closed(reason).add(1);
            counters.connectionNanos.add(loop.now() - openedAt);
            loop.closed(this);
        }
    }

    private void closeChannel(boolean reset) {
        SocketChannel channel = stream.channel();
        try {
            if (reset) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        } catch (IOException e) {
            log.debug("Cannot reset {}: {}", this, e.toString());
        }
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("Cannot close {}: {}", this, e.toString());
        }
    }

    // ---- for the loop -------------------------------------------------------------------------

    /** Returns whether bytes are kept for the peer. */
    boolean isPending() {
        return pending != null;
    }

    /** Returns when a byte last moved in either direction, as a {@link System#nanoTime()}. */
    long lastMoved() {
        return lastMoved;
    }

    /**
     * Returns a snapshot.
     *
     * @throws IOException if the kernel no longer knows the peer's address
     */
    ConnectionInfo info(int loopNumber) throws IOException {
        long now = loop.now();
        return new ConnectionInfo(
                counters.listener(),
                (InetSocketAddress) stream.channel().getRemoteAddress(),
                loopNumber,
                Duration.ofNanos(now - openedAt),
                Duration.ofNanos(now - lastMoved),
                received,
                sent,
                pending == null ? 0 : pending.remaining());
    }

    /** Returns whether the selector has dropped the connection although it is not closed. */
    boolean isDeregistered() {
        return state != State.CLOSED && !key.isValid();
    }

    /** Returns the place in the loop's registry. */
    int place() {
        return place;
    }

    void setPlace(int place) {
        this.place = place;
    }

    @Override
    public String toString() {
        return stream.toString();
    }
}
