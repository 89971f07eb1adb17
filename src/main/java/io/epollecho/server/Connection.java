package io.epollecho.server;

import io.epollecho.loop.Counter;
import io.epollecho.loop.EventLoop;
import io.epollecho.loop.TimerWheel;
import io.epollecho.stream.ByteStream;
import io.epollecho.stream.MemoryBudget;
import io.epollecho.stream.SocketStream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/**
 * The connection to one peer: every byte that the peer sends is written back to it, in order and
 * without delay.
 *
 * <pre>
 *   OPENING ────── refused, late, or the server drains ──────► CLOSED
 *    │  │                                                        ▲
 *    │  └─ TLS fails: alert, FIN ────────► LINGERING             │
 *    │ the layers are open                     ▲                 │
 *    ▼                                         │                 │
 *   OPEN ───────────── reset, stalled ─────────┼─────────────────┤
 *    │  │                                      │                 │
 *    │  └─ peer ends its stream, ─► ENDING ────┼─ end flushed ───┤
 *    │     or is idle                  ▲  └────┤                 │
 *    │ the server drains               │       │                 │
 *    ▼                                 │       │                 │
 *   DRAINING ──────── the same ────────┴───────┼─────────────────┤
 *    │                                         │                 │
 *    │ at rest, or out of time and flushed:    │                 │
 *    └─── FIN ────────────────────────────► LINGERING ───────────┘
 *                        peer sends its FIN, or the linger time is over
 * </pre>
 *
 * <p>A plain connection begins OPEN and skips ENDING, in which TLS sends its close_notify. If the
 * peer ended its stream with a close_notify alone, the connection lingers: what arrives afterwards
 * is ignored (RFC 8446, 6.1).
 *
 * <p>{@link #become} makes every transition and rejects those not shown; {@link #close} is the only
 * way to close a connection. On the way to CLOSED, each connection is CLOSING until everything that
 * it used has been given back, which takes a moment only if memory is short.
 *
 * <p>In each state the connection either reads, with nothing pending, or flushes pending bytes and
 * does not read. A slow reader therefore costs at most one buffer.
 *
 * <p>A lingering connection has sent its FIN and discards what still arrives. If the socket were
 * closed with unread bytes instead, the kernel would send a reset, which may overtake the echo (RFC
 * 2525, 2.17).
 *
 * <p>Confined to its event loop's thread.
 */
final class Connection extends TimerWheel.Timer implements EventLoop.Handler {

    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    /** A connection is at rest when it has no pending bytes and no byte has moved for this long. */
    private static final long REST_NANOS = Duration.ofSeconds(1).toNanos();

    /**
     * The maximum linger time of a connection that was at rest when the drain began. Its peer has
     * already received everything and only has to answer the FIN.
     */
    private static final long SHORT_LINGER_NANOS = Duration.ofSeconds(1).toNanos();

    /**
     * The time that a connection still busy at the end of the drain has to flush, send its FIN and
     * linger.
     */
    private static final long GRACE_NANOS = Duration.ofSeconds(1).toNanos();

    /** A deadline is judged within this time unless the process is paused. */
    private static final long LATE_NANOS = Duration.ofMillis(250).toNanos();

    private enum State {
        OPENING,
        OPEN,
        DRAINING,
        ENDING,
        LINGERING,
        CLOSING,
        CLOSED;

        boolean leadsTo(State next) {
            return switch (this) {
                case OPENING -> next == OPEN || next == LINGERING || next == CLOSING;
                case OPEN -> next != OPENING && next != OPEN && next != CLOSED;
                case DRAINING -> next == ENDING || next == LINGERING || next == CLOSING;
                case ENDING -> next == LINGERING || next == CLOSING;
                case LINGERING -> next == CLOSING;
                case CLOSING -> next == CLOSED;
                case CLOSED -> false;
            };
        }
    }

    private final ServerLoop loop;
    private final @Nullable Layers layers;
    private final ListenerCounters counters;
    private final Admission.Ticket ticket;
    private final long openedAt;
    private SelectionKey key;
    private ByteStream stream;
    private State state;
    private @Nullable ByteBuffer pending;

    /** True while waiting for the socket to become writable, false while waiting for bytes. */
    private boolean flushing;

    /** True if the connection was at rest when the drain began. */
    private boolean restedAtDrain;

    /** True if the connection was still busy when the time of the drain was over. */
    private boolean outlastedDrain;

    private long lastMoved;
    private long received;
    private long sent;

    /** The number of pending bytes at the last count. */
    private int pendingBytes;

    private int place;

    /**
     * Registers a connection with the selector. {@link #begin} or {@link #drain} starts it.
     *
     * @param layers the layers between the socket and the stream; null for a plain connection
     */
    Connection(
            ServerLoop loop,
            ByteStream stream,
            @Nullable Layers layers,
            ListenerCounters counters,
            Admission.Ticket ticket)
            throws IOException {
        this.loop = loop;
        this.stream = stream;
        this.layers = layers;
        this.counters = counters;
        this.ticket = ticket;
        this.state = layers == null ? State.OPEN : State.OPENING;
        this.openedAt = loop.now();
        this.lastMoved = openedAt;
        this.key = loop.register(stream.channel(), stream.interest(SelectionKey.OP_READ), this);
    }

    // ---- opening ------------------------------------------------------------------------------

    /** Begins to open the layers in the next turn, so that a batch of accepts stays short. */
    void begin() {
        if (layers != null) {
            continueInNextTurn(layers);
        }
    }

    private void open(Layers opening) throws IOException {
        if (opening.isComputing()) {
            return;
        }
        // Count the address before TLS sees a byte. If TLS fails, the connection lingers, and it
        // counts for as long as it is open.
        if (opening.awaitsHeader()) {
            if (!opening.receiveHeader()) {
                awaitOpening(opening);
                return;
            }
            if (!ticket.countFor(peer().getAddress())) {
                refuse(
                        CloseReason.ADDRESS_LIMIT,
                        String.format(
                                Locale.ROOT,
                                "its address has reached %s (%d)",
                                Setting.MAX_CONNECTIONS_PER_ADDRESS.key(),
                                ticket.addressLimit()));
                return;
            }
        }
        if (stream.open()) {
            opened(opening);
        } else {
            awaitOpening(opening);
        }
    }

    private void awaitOpening(Layers opening) {
        Runnable computation = stream.work();
        opening.setComputing(computation != null);
        key.interestOps(stream.interest(SelectionKey.OP_READ));
        if (computation != null) {
            loop.compute(computation, opening, failure -> computed(opening, failure));
        } else if (!stream.isDrained()) {
            continueInNextTurn(opening);
        }
        loop.schedule(this); // each layer has its own deadline
    }

    private void computed(Layers opening, @Nullable Throwable failure) {
        opening.setComputing(false);
        if (state != State.OPENING) {
            return;
        }
        if (failure == null) {
            attempt(() -> open(opening));
        } else {
            failed(failure);
        }
    }

    private void opened(Layers opened) throws IOException {
        become(State.OPEN);
        opened.opened();
        lastMoved = loop.now();
        if (opened.hasTls()) {
            counters.handshakes.add(1);
            counters.handshakeNanos.add(lastMoved - openedAt);
        }
        loop.schedule(this);
        key.interestOps(stream.interest(SelectionKey.OP_READ));
        if (!opened.greets() || greet()) {
            echo(); // bytes may have arrived together with the header or the handshake
        }
    }

    private boolean greet() throws IOException {
        var local = (InetSocketAddress) stream.channel().getLocalAddress();
        return send(ByteBuffer.wrap(loop.greeting(this, local)));
    }

    /** Closes the connection because of the peer's behavior, and logs the refusal. */
    private void refuse(CloseReason reason, String text) {
        close(reason);
        loop.logRefusal(reason, counters.listener(), text);
    }

    // ---- readiness ----------------------------------------------------------------------------

    /** Flushes pending bytes before reading; otherwise the backlog grows or bytes are reordered. */
    @Override
    public void ready() throws IOException {
        if (state == State.CLOSED || (flushing && !flush())) {
            return;
        }
        switch (state) {
            case OPENING -> open(Objects.requireNonNull(layers));
            case OPEN -> echo();
            case DRAINING -> {
                // Bytes may have arrived in time and not been looked at, for example because the
                // process was paused.
                if (outOfTime() && lastMoved >= loop.drainDeadline()) {
                    finish();
                } else {
                    echo();
                    finishIfOutOfTime();
                }
            }
            case ENDING -> endSent(endReason());
            case LINGERING -> discard();
            case CLOSING -> close(CloseReason.ERROR);
            case CLOSED -> {}
        }
    }

    @Override
    public void registered(SelectionKey key) {
        this.key = key;
    }

    @Override
    public void failed(Throwable cause) {
        if (!(cause instanceof IOException failure)) {
            // Close first: there may be too little memory left to log.
            close(CloseReason.ERROR);
            loop.logFailure(cause);
            return;
        }
        try {
            // While the channel still knows its peer.
            log.debug("Connection lost: {}: {}", this, failure.toString());
        } finally {
            if (layers == null) {
                close(CloseReason.RESET);
            } else {
                layersFailed(failure);
            }
        }
    }

    private void layersFailed(IOException failure) {
        CloseReason reason = Layers.reason(failure);
        if (state == State.LINGERING
                && (reason != CloseReason.RESET || lingerReason() == CloseReason.PEER)) {
            close(lingerReason()); // a peer may answer the FIN without a close_notify
        } else if (Layers.losesBytes(failure)) {
            close(reason, true);
        } else if (reason.endsWithAlert() && !flushing) {
            lingerAfterAlert(reason);
        } else if (reason == CloseReason.TRUNCATED) {
            end(reason);
        } else {
            close(reason);
        }
        if (reason.isRefusal() && !Layers.isSilent(failure)) {
            loop.logRefusal(reason, counters.listener(), String.valueOf(failure.getMessage()));
        }
    }

    /**
     * Sends the alert, if there is one, and a FIN, then lingers. If the socket were closed with
     * unread bytes instead, the kernel would send a reset, which may overtake the alert.
     */
    private void lingerAfterAlert(CloseReason reason) {
        try {
            var _ = stream.flush(); // best effort: an alert is small and usually fits
            lingerBelow(reason);
        } catch (IOException | RuntimeException e) {
            log.debug("Cannot send an alert to {}: {}", this, e.toString());
            close(reason);
        }
    }

    /** Sends a FIN and ignores what arrives until the peer's FIN, without any layers. */
    private void lingerBelow(CloseReason reason) throws IOException {
        Objects.requireNonNull(layers).setEndReason(reason);
        removeLayers();
        linger();
        key.interestOps(SelectionKey.OP_READ);
    }

    private void removeLayers() {
        stream.release();
        stream = new SocketStream(stream.channel());
        Objects.requireNonNull(layers).removeTls();
    }

    /**
     * Reads and writes until the stream is drained, the socket accepts no more bytes, or the read
     * budget is used up and the loop's other connections get their turn.
     */
    private void echo() throws IOException {
        ByteBuffer buffer = loop.readBuffer();
        int budget = loop.readBudget();
        while (budget > 0) {
            int count = stream.read(buffer.clear());
            if (count == ByteStream.END) {
                end(CloseReason.PEER);
                return;
            }
            if (count == 0) {
                flushLayers();
                return;
            }
            lastMoved = loop.now();
            received += count;
            counters.bytesReceived.add(count);
            boolean filled = !buffer.hasRemaining();
            if (!send(buffer.flip()) || (!filled && stream.isDrained())) {
                return;
            }
            budget -= charge(count);
        }
        continueLater();
    }

    /** Returns how much of the read budget a read uses up. */
    private int charge(int count) {
        return layers == null ? count : layers.charge(count, loop.readBudget());
    }

    /**
     * Returns false if some of the bytes remain pending; they are sent when the socket becomes
     * writable.
     */
    private boolean send(ByteBuffer bytes) throws IOException {
        countSent(stream.write(bytes));
        if (bytes.hasRemaining()) {
            keep(bytes);
            return false;
        }
        if (!stream.flush()) {
            awaitFlush();
            return false;
        }
        if (layers != null) {
            countSent(0);
        }
        return true;
    }

    /** Counts bytes as sent once the layers no longer hold them; until then they are pending. */
    private void countSent(int accepted) {
        int count = accepted;
        if (layers != null) {
            count = layers.sent(accepted);
        }
        if (count > 0) {
            lastMoved = loop.now();
            sent += count;
            counters.bytesSent.add(count);
        }
        countPending();
    }

    private void countPending() {
        int now =
                (pending == null ? 0 : pending.remaining()) + (layers == null ? 0 : layers.held());
        if (now != pendingBytes) {
            counters.pendingBytes.add(now - pendingBytes);
            pendingBytes = now;
        }
    }

    /**
     * Sends the bytes that the layers produced while reading, such as the answer to a key update.
     */
    private void flushLayers() throws IOException {
        if (!stream.flush()) {
            awaitFlush();
        } else if (!stream.isDrained()) {
            continueLater();
        }
    }

    /**
     * Continues in the next turn. The selector does not see bytes that are buffered in the layers.
     */
    private void continueLater() {
        if (layers == null || stream.isDrained()) {
            EventLoop.rearm(key);
        } else {
            continueInNextTurn(layers);
        }
    }

    private void continueInNextTurn(Layers continued) {
        if (continued.requestContinuation()) {
            loop.runLater(() -> continueNow(continued));
        }
    }

    private void continueNow(Layers continued) {
        if (continued.isPostponed()) {
            loop.runLater(() -> continueNow(continued));
        } else {
            attempt(this::ready);
        }
    }

    /**
     * Ends the connection when the complete echo was sent: at the end of the peer's stream, or when
     * the peer is idle. The close_notify of TLS may have to wait for the peer, which would take the
     * end of the connection for an attack if it were lost.
     */
    private void end(CloseReason reason) {
        if (layers == null || flushing) {
            close(reason);
        } else {
            layers.setEndReason(reason);
            attempt(() -> endOutput(reason));
        }
    }

    private void endOutput(CloseReason reason) throws IOException {
        if (stream.endOutput()) {
            endSent(reason);
        } else {
            become(State.ENDING);
            awaitFlush();
        }
    }

    /**
     * Closes the connection unless the peer may still send something. If the socket were closed
     * with unread bytes, the kernel would send a reset, which may overtake the echo.
     */
    private void endSent(CloseReason reason) throws IOException {
        if (reason == CloseReason.PEER && layers != null && layers.hasTls()) {
            lingerBelow(reason);
            discard();
        } else {
            close(reason);
        }
    }

    private CloseReason endReason() {
        return Objects.requireNonNull(Objects.requireNonNull(layers).endReason());
    }

    /**
     * Keeps the bytes that the stream did not accept. The connection stops reading until they are
     * sent.
     */
    private void keep(ByteBuffer rest) {
        ByteBuffer kept = loop.keep(this, rest);
        pending = kept;
        countPending();
        awaitFlush();
    }

    private void awaitFlush() {
        if (!flushing) {
            lastMoved = loop.now(); // the write timeout starts now
        }
        flushing = true;
        key.interestOps(stream.interest(SelectionKey.OP_WRITE));
        loop.schedule(this);
    }

    /** Sends pending bytes. If none remain, resumes reading and returns true. */
    private boolean flush() throws IOException {
        boolean flushed = (pending == null || writePending(pending)) && stream.flush();
        countSent(0);
        if (!flushed) {
            EventLoop.rearm(key);
            return false;
        }
        flushing = false;
        key.interestOps(stream.interest(SelectionKey.OP_READ));
        loop.schedule(this); // a drain may end before the write timeout
        return true;
    }

    private boolean writePending(ByteBuffer rest) throws IOException {
        countSent(stream.write(rest));
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
                if (layers == null || !layers.hasTls()) {
                    close(lingerReason());
                    return;
                }
                removeLayers(); // a close_notify; the FIN may follow
                continue;
            }
            if (count == 0) {
                flushLayers();
                return;
            }
            received += count;
            counters.bytesReceived.add(count);
            budget -= charge(count);
        }
        continueLater();
    }

    // ---- lifecycle ----------------------------------------------------------------------------

    private void become(State next) {
        if (!state.leadsTo(next)) {
            throw new IllegalStateException("Illegal transition from " + state + " to " + next);
        }
        state = next;
    }

    /**
     * Ends the connection once it comes to rest. Called when the drain begins and when its deadline
     * is brought forward. A connection that is already at rest gets its FIN now.
     */
    void drain() {
        if (state == State.OPENING) {
            // What has already arrived may complete the opening, and must not be lost.
            attempt(() -> open(Objects.requireNonNull(layers)));
        }
        if (state == State.OPENING) {
            close(CloseReason.DRAIN);
            return;
        }
        if (state == State.OPEN) {
            become(State.DRAINING);
            restedAtDrain = !flushing && lastMoved + REST_NANOS <= loop.now();
            if (restedAtDrain) {
                attempt(this::finish);
                return;
            }
        }
        if (state != State.CLOSED) {
            loop.schedule(this);
        }
    }

    /** A step outside {@link #ready}, whose exceptions would otherwise go unhandled. */
    private interface Step {

        void run() throws IOException;
    }

    private void attempt(Step step) {
        try {
            step.run();
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            failed(e);
        }
    }

    private void finishIfOutOfTime() throws IOException {
        if (state == State.DRAINING && !flushing && outOfTime()) {
            finish();
        }
    }

    /**
     * Sends the FIN and waits for the peer's. Called with nothing pending; nothing more is echoed.
     */
    private void finish() throws IOException {
        outlastedDrain = !restedAtDrain && outOfTime();
        linger();
        if (!stream.flush()) {
            awaitFlush();
        }
    }

    private void linger() throws IOException {
        become(State.LINGERING);
        lastMoved = loop.now();
        stream.shutdownOutput();
        loop.schedule(this);
    }

    @Override
    protected long deadline() {
        return switch (state) {
            case OPENING -> Objects.requireNonNull(layers).deadline(openedAt);
            case OPEN -> silenceEnds();
            case DRAINING ->
                    flushing
                            ? Math.min(silenceEnds(), graceEnds())
                            : Math.min(lastMoved + REST_NANOS, loop.drainDeadline());
            case ENDING -> Math.min(endReasonEnds(), graceEnds());
            case LINGERING -> Math.min(lastMoved + lingerNanos(), graceEnds());
            case CLOSING -> openedAt; // at once
            case CLOSED -> TimerWheel.NEVER;
        };
    }

    /** Returns the reason to report when the lingering connection closes. */
    private CloseReason lingerReason() {
        CloseReason ended = layers == null ? null : layers.endReason();
        if (ended != null) {
            return ended;
        }
        return outlastedDrain ? CloseReason.DRAIN_TIMEOUT : CloseReason.DRAIN;
    }

    private long graceEnds() {
        long drainDeadline = loop.drainDeadline();
        return drainDeadline == TimerWheel.NEVER ? drainDeadline : drainDeadline + GRACE_NANOS;
    }

    private long lingerNanos() {
        long longest = loop.lingerTimeoutNanos();
        return restedAtDrain || lingerReason().endsWithAlert()
                ? Math.min(longest, SHORT_LINGER_NANOS)
                : longest;
    }

    @Override
    protected void expired() {
        switch (state) {
            case OPENING -> {
                Layers late = Objects.requireNonNull(layers);
                if (wasPaused() && late.restartDeadline(loop.now())) {
                    loop.schedule(this);
                } else {
                    refuse(late.lateReason(), late.lateText());
                }
            }
            case OPEN -> end(silenceReason());
            case DRAINING -> {
                if (flushing) {
                    closeStalled();
                } else {
                    attempt(this::finish);
                }
            }
            case ENDING -> {
                if (endReason() == CloseReason.PEER) {
                    closeStalled();
                } else {
                    close(endReason());
                }
            }
            case LINGERING -> close(lingerReason());
            case CLOSING -> close(CloseReason.ERROR);
            case CLOSED -> {}
        }
    }

    /** Returns whether the deadline is judged so late that the server cannot have been running. */
    private boolean wasPaused() {
        return loop.now() - deadline() > LATE_NANOS;
    }

    private void closeStalled() {
        close(outOfTime() ? CloseReason.DRAIN_TIMEOUT : silenceReason());
    }

    private long silenceEnds() {
        return Math.min(after(loop.idleTimeoutNanos()), stallEnds());
    }

    private long stallEnds() {
        return flushing ? after(loop.writeTimeoutNanos()) : TimerWheel.NEVER;
    }

    /** Returns the reason for closing the connection at {@link #silenceEnds}. */
    private CloseReason silenceReason() {
        return flushing && stallEnds() <= after(loop.idleTimeoutNanos())
                ? CloseReason.WRITE_STALL
                : CloseReason.IDLE;
    }

    /** Returns the time at which the wait for a close_notify to be sent ends. */
    private long endReasonEnds() {
        return endReason() == CloseReason.PEER
                ? silenceEnds()
                : Math.min(silenceEnds(), lastMoved + loop.lingerTimeoutNanos());
    }

    private long after(long timeoutNanos) {
        return timeoutNanos == 0 ? TimerWheel.NEVER : lastMoved + timeoutNanos;
    }

    private boolean outOfTime() {
        return loop.now() >= loop.drainDeadline();
    }

    /**
     * Closes the connection from any state. Does nothing if it is already closed.
     *
     * <p>If bytes are lost, the peer must not mistake the end of the stream for the end of the
     * echo. It gets a reset instead, which also frees the kernel's buffers.
     */
    void close(CloseReason reason) {
        close(reason, flushing || !reason.isOrderly());
    }

    private void close(CloseReason reason, boolean losesBytes) {
        if (state == State.CLOSED) {
            return;
        }
        try {
            boolean opened = state != State.OPENING;
            if (state != State.CLOSING) {
                become(State.CLOSING);
                assert loop.eventLoop().inLoop();
                loop.logAccess(this, reason); // while the channel still knows its peer
            }
            if (losesBytes || (opened && !endLayers())) {
                reset();
            }
            Closing.close(stream.channel());
            settle(reason);
        } catch (OutOfMemoryError e) {
            loop.schedule(this); // it expires in the next tick, and closes what is still open
            throw e;
        }
    }

    /** Gives back everything that the connection uses. Each step may be repeated. */
    private void settle(CloseReason reason) {
        loop.cancel(this);
        // The last count still includes bytes that a failed write has consumed.
        counters.pendingBytes.add(-pendingBytes);
        pendingBytes = 0;
        ByteBuffer kept = pending;
        if (kept != null) {
            pending = null;
            loop.release(kept);
        }
        if (layers != null) {
            layers.abandon();
            stream.release();
        }
        ticket.close();
        Counter closed = counters.closed(reason);
        become(State.CLOSED);
        closed.add(1);
        counters.connectionNanos.add(loop.now() - openedAt);
        loop.closed(this);
    }

    private void reset() {
        try {
            stream.channel().setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            log.debug("Cannot reset {}: {}", this, e.toString());
        }
    }

    /** Returns false if the layers could not end their output, which the peer must notice. */
    private boolean endLayers() {
        try {
            return stream.endOutput();
        } catch (IOException | RuntimeException e) {
            log.debug("Cannot end the output to {}: {}", this, e.toString());
            return true; // the connection or the engine has ended already
        }
    }

    // ---- used by the loop ---------------------------------------------------------------------

    /** Returns whether the connection keeps memory that counts against the loop's budget. */
    boolean isCharged() {
        return pending != null || (layers != null && layers.account().bytes() > 0);
    }

    /** Returns whether the memory of this connection's layers is on the given account. */
    boolean isCharged(MemoryBudget.Account account) {
        return layers != null && layers.account() == account;
    }

    /**
     * Returns the {@link System#nanoTime()} when a byte last moved in either direction or when
     * bytes last became pending.
     */
    long lastMoved() {
        return lastMoved;
    }

    /** Returns the {@link System#nanoTime()} of the accept. */
    long openedAt() {
        return openedAt;
    }

    /** Returns the number of bytes read and not yet written. */
    int pendingBytes() {
        return pendingBytes;
    }

    /** Returns the number of bytes read and written. */
    long bytesMoved() {
        return received + sent;
    }

    /**
     * Returns a snapshot of the connection.
     *
     * @param now the {@link System#nanoTime()} from which its age and idle time are counted
     * @throws IOException if the kernel no longer knows the peer's address
     */
    ConnectionInfo info(int loopNumber, long now) throws IOException {
        InetSocketAddress peer = peer();
        InetSocketAddress socketPeer = socketPeer();
        return new ConnectionInfo(
                counters.listener(),
                peer,
                peer.equals(socketPeer) ? null : socketPeer,
                layers == null ? null : layers.tlsInfo(),
                loopNumber,
                Duration.ofNanos(Math.max(0, now - openedAt)),
                Duration.ofNanos(Math.max(0, now - lastMoved)),
                received,
                sent,
                pendingBytes);
    }

    private InetSocketAddress peer() throws IOException {
        InetSocketAddress source = layers == null ? null : layers.source();
        return source == null ? socketPeer() : source;
    }

    private InetSocketAddress socketPeer() throws IOException {
        return (InetSocketAddress) stream.channel().getRemoteAddress();
    }

    /** Returns whether the selector dropped the connection although it is open. */
    boolean isDeregistered() {
        return state != State.CLOSED && !key.isValid();
    }

    /** Returns the position in the loop's registry. */
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
