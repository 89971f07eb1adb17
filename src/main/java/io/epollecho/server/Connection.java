package io.epollecho.server;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
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
 *    ▼           peer ends its stream too, or the time is over           │
 *   LINGERING ───────────────────────────────────────────────────────────┘
 * </pre>
 *
 * <p>In each state the connection is either reading, with nothing pending, or flushing, with what
 * the socket did not take, and then it does not read: a slow reader costs one buffer and no more.
 * The key's interest says which of the two.
 *
 * <p>A connection that lingers has sent its FIN and throws away what still comes. To close the
 * socket instead, with bytes unread, would make the kernel send a reset, and that may overtake the
 * echo on its way (RFC 2525, 2.17).
 *
 * <p>Belongs to its loop's thread.
 */
final class Connection extends TimerWheel.Timer implements EventLoop.Handler {

    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    /** While draining, a connection is at rest when nothing has moved on it for so long. */
    private static final long REST_NANOS = Duration.ofSeconds(1).toNanos();

    /**
     * What is left to a connection that the drain's end has found busy: to flush, to send its FIN,
     * to linger.
     */
    private static final long GRACE_NANOS = Duration.ofSeconds(1).toNanos();

    /**
     * The only negative number that means the end: the JDK's channels let another one slip through
     * if a signal interrupts the call, and that means nothing.
     */
    private static final int END_OF_STREAM = -1;

    private enum State {
        OPEN,
        DRAINING,
        LINGERING,
        CLOSED
    }

    private final EventLoop loop;
    private final SocketChannel channel;
    private final @Nullable InetAddress countedAddress;
    private final long openedAt;
    private SelectionKey key;
    private State state = State.OPEN;
    private CloseReason lingeringFor = CloseReason.DRAIN;
    private @Nullable ByteBuffer pending;
    private long lastMoved;
    private long received;
    private long sent;
    private int place;

    Connection(EventLoop loop, SocketChannel channel, @Nullable InetAddress countedAddress)
            throws IOException {
        this.loop = loop;
        this.channel = channel;
        this.countedAddress = countedAddress;
        this.openedAt = loop.now();
        this.lastMoved = openedAt;
        this.key = loop.register(channel, SelectionKey.OP_READ, this);
        loop.timers().schedule(this);
    }

    /**
     * What remains pending goes first: reading on before it would mean to keep more, or to change
     * the order.
     */
    @Override
    public void ready() throws IOException {
        if (state == State.CLOSED || (pending != null && !flush(pending))) {
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
    public void failed(Exception e) {
        if (e instanceof IOException) {
            log.debug("Connection lost: {}: {}", this, e.toString());
            close(CloseReason.RESET);
        } else {
            loop.logFailure(e);
            close(CloseReason.ERROR);
        }
    }

    /**
     * Reads and writes until the socket is empty, the peer stops taking, or the others have waited
     * long enough.
     *
     * <p>A read that does not fill the buffer has emptied the socket. That holds for edge-triggered
     * selectors too, as the {@link SelectorBackend} has to report a key again until the end of its
     * stream has been read.
     */
    private void echo() throws IOException {
        LoopStatistics statistics = loop.statistics();
        ByteBuffer buffer = loop.readBuffer();
        int budget = loop.readBudget();
        while (budget > 0) {
            int count = channel.read(buffer.clear());
            if (count == END_OF_STREAM) {
                close(CloseReason.PEER);
                return;
            }
            if (count <= 0) {
                return;
            }
            lastMoved = loop.now();
            received += count;
            statistics.bytesReceived.add(count);
            boolean emptied = buffer.hasRemaining();
            int written = write(buffer.flip());
            sent += written;
            statistics.bytesSent.add(written);
            if (written < count) {
                keep(buffer);
                return;
            }
            if (emptied) {
                return;
            }
            budget -= count;
        }
        EventLoop.rearm(key);
    }

    /** Returns how many bytes were written, by what the buffer says: see {@link #END_OF_STREAM}. */
    private int write(ByteBuffer bytes) throws IOException {
        int before = bytes.remaining();
        channel.write(bytes);
        return before - bytes.remaining();
    }

    /** Keeps what the socket did not take, and waits for it to take more instead of reading on. */
    private void keep(ByteBuffer rest) {
        ByteBuffer kept = loop.pendingBuffers().keep(rest);
        pending = kept;
        loop.statistics().pendingBytes.add(kept.remaining());
        key.interestOps(SelectionKey.OP_WRITE);
        loop.timers().schedule(this);
    }

    /** Returns whether all of it is written, and then goes back to reading. */
    private boolean flush(ByteBuffer rest) throws IOException {
        int written = write(rest);
        if (written > 0) {
            lastMoved = loop.now();
            sent += written;
            loop.statistics().bytesSent.add(written);
            loop.statistics().pendingBytes.add(-written);
        }
        if (rest.hasRemaining()) {
            EventLoop.rearm(key);
            return false;
        }
        pending = null;
        loop.pendingBuffers().release(rest);
        key.interestOps(SelectionKey.OP_READ);
        loop.timers().schedule(this); // a drain's rest is shorter than the write timeout
        return true;
    }

    private void discard() throws IOException {
        ByteBuffer buffer = loop.readBuffer();
        int budget = loop.readBudget();
        while (budget > 0) {
            int count = channel.read(buffer.clear());
            if (count == END_OF_STREAM) {
                close(lingeringFor);
                return;
            }
            if (count <= 0) {
                return;
            }
            received += count;
            loop.statistics().bytesReceived.add(count);
            budget -= count;
        }
        EventLoop.rearm(key);
    }

    /**
     * The server drains, or its drain is to end sooner: this is to end once it has come to rest.
     */
    void drain() {
        if (state == State.OPEN) {
            state = State.DRAINING;
        }
        loop.timers().schedule(this);
    }

    /**
     * Nothing is pending and nothing more will be echoed: sends the FIN and waits for the peer's.
     */
    private void finish() throws IOException {
        lingeringFor = outOfTime() ? CloseReason.DRAIN_TIMEOUT : CloseReason.DRAIN;
        state = State.LINGERING;
        channel.shutdownOutput();
        loop.timers().schedule(this);
    }

    @Override
    long deadline() {
        return switch (state) {
            case OPEN -> silenceEnds();
            case DRAINING ->
                    pending == null
                            ? Math.min(lastMoved + REST_NANOS, loop.drainDeadline())
                            : Math.min(silenceEnds(), loop.drainDeadline() + GRACE_NANOS);
            case LINGERING -> loop.drainDeadline() + GRACE_NANOS;
            case CLOSED -> TimerWheel.NEVER;
        };
    }

    @Override
    void expired() {
        switch (state) {
            case OPEN -> close(pending == null ? CloseReason.IDLE : CloseReason.WRITE_STALL);
            case DRAINING -> {
                if (pending != null) {
                    close(outOfTime() ? CloseReason.DRAIN_TIMEOUT : CloseReason.WRITE_STALL);
                    return;
                }
                try {
                    finish();
                } catch (IOException | RuntimeException e) {
                    failed(e);
                }
            }
            case LINGERING -> close(lingeringFor);
            case CLOSED -> {}
        }
    }

    private long silenceEnds() {
        long idle = after(loop.idleTimeoutNanos());
        return pending == null ? idle : Math.min(idle, after(loop.writeTimeoutNanos()));
    }

    private long after(long timeoutNanos) {
        return timeoutNanos == 0 ? TimerWheel.NEVER : lastMoved + timeoutNanos;
    }

    private boolean outOfTime() {
        return loop.now() >= loop.drainDeadline();
    }

    /**
     * The one door out of every state.
     *
     * <p>If bytes are lost, the peer must not take the end of the stream for the end of the echo:
     * it gets a reset, which also frees what the kernel holds for it.
     */
    void close(CloseReason reason) {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        loop.timers().cancel(this);
        try {
            if (pending != null || reason == CloseReason.RESET || reason == CloseReason.ERROR) {
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
        if (pending != null) {
            loop.statistics().pendingBytes.add(-pending.remaining());
            loop.pendingBuffers().release(pending);
            pending = null;
        }
        loop.closed(this, reason, loop.now() - openedAt, countedAddress);
    }

    /**
     * How it stands; an address that the kernel has forgotten already is left out by whoever asks.
     */
    ConnectionInfo info(int loopNumber) throws IOException {
        long now = loop.now();
        return new ConnectionInfo(
                (InetSocketAddress) channel.getRemoteAddress(),
                loopNumber,
                Duration.ofNanos(now - openedAt),
                Duration.ofNanos(now - lastMoved),
                received,
                sent,
                pending == null ? 0 : pending.remaining());
    }

    /** Whether the selector has dropped it, without anybody having closed it. */
    boolean isDeregistered() {
        return state != State.CLOSED && !key.isValid();
    }

    /** Where the loop's table has it. */
    int place() {
        return place;
    }

    void setPlace(int place) {
        this.place = place;
    }

    @Override
    public String toString() {
        return channel.toString();
    }
}
