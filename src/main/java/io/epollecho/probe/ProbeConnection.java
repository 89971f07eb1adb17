package io.epollecho.probe;

import io.epollecho.stream.ByteStream;
import io.epollecho.stream.TlsHandshakeException;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

import javax.net.ssl.SSLException;

/**
 * One connection: sends what the schedule grants, and compares what comes back.
 *
 * <pre>
 *   CONNECTING ──► OPENING ──► OPEN ──► ENDING (FIN sent, all answered) ──► CLOSED
 *        └────────────┴──────────┴── refused, reset, ended by the peer, silent ──┘
 * </pre>
 */
final class ProbeConnection {

    private enum State {
        CONNECTING,
        OPENING,
        OPEN,
        ENDING,
        CLOSED
    }

    private final Probe probe;
    private final Tally tally;
    private final BytePattern pattern;
    private final Schedule schedule;
    private final int number;
    private final int size;
    private final SocketChannel channel;
    private final Opening opening;
    private final ByteStream stream;
    private final SelectionKey key;
    private State state = State.CONNECTING;
    private int interest;
    private boolean writing;

    /** When each message in flight was due: a ring, from the oldest to the youngest. */
    private final long[] plannedAt;

    private int oldest;
    private int inFlight;
    private long begun;

    /** Bytes: of the messages begun, of these sent, of these come back, and to come for a whole. */
    private long queued;

    private long sent;
    private long received;
    private long wholeAt;
    private long lastMoved;

    ProbeConnection(Probe probe, ProbeOptions options, int number, SocketChannel channel)
            throws IOException {
        this.probe = probe;
        this.tally = probe.tally();
        this.pattern = probe.pattern();
        this.schedule = probe.schedule();
        this.number = number;
        this.size = options.size();
        this.plannedAt = new long[options.pipeline()];
        this.wholeAt = size;
        this.channel = channel;
        this.opening = new Opening(options, channel, probe.buffers());
        this.stream = opening.stream();
        this.lastMoved = System.nanoTime();
        this.key = channel.register(probe.selector(), SelectionKey.OP_CONNECT, this);
        if (channel.connect(options.address())) {
            connected();
        }
    }

    /** The channel is ready for something. */
    void ready() {
        try {
            switch (state) {
                case CONNECTING -> {
                    if (channel.finishConnect()) {
                        connected();
                    }
                }
                case OPENING -> advance();
                case OPEN, ENDING -> {
                    receive();
                    if (writing) {
                        flush();
                    }
                }
                case CLOSED -> {}
            }
        } catch (IOException e) {
            lost(e);
        }
    }

    private void connected() throws IOException {
        state = State.OPENING;
        lastMoved = System.nanoTime();
        advance();
    }

    private void advance() throws IOException {
        if (!opening.advance(probe.receiveBuffer())) {
            select(opening.interest());
            return;
        }
        state = State.OPEN;
        tally.opened();
        String server = opening.server();
        if (server != null) {
            tally.greeted(server);
        }
        if (opening.surplus() > 0) {
            tally.wrong(opening.surplus());
        }
        select(SelectionKey.OP_READ);
        if (!stream.isDrained()) {
            probe.unread(this);
        }
    }

    private void select(int operations) {
        if (interest != operations) {
            interest = operations;
            key.interestOps(operations);
        }
    }

    // ---- sending ------------------------------------------------------------------------------

    /** Sends what is due, as far as the pipeline has room. */
    void send(long now) {
        if (state != State.OPEN) {
            return;
        }
        try {
            begin(now);
        } catch (IOException e) {
            lost(e);
        }
    }

    private void begin(long now) throws IOException {
        int granted = schedule.grant(number, begun, plannedAt.length - inFlight);
        if (granted == 0) {
            return;
        }
        if (inFlight == 0) {
            lastMoved = now; // from here on the peer owes something
        }
        for (int i = 0; i < granted; i++) {
            int youngest = oldest + inFlight;
            int place = youngest < plannedAt.length ? youngest : youngest - plannedAt.length;
            plannedAt[place] = schedule.plannedAt(number, begun, now);
            begun++;
            inFlight++;
        }
        queued += (long) granted * size;
        if (!writing) {
            flush();
        }
    }

    private void flush() throws IOException {
        while (sent < queued) {
            int count = pattern.write(stream, number, sent, queued - sent);
            if (count == 0) {
                break;
            }
            sent += count;
            if (writing) {
                lastMoved = System.nanoTime(); // it was waiting for this
            }
        }
        writing = !stream.flush() || sent < queued;
        select(
                writing
                        ? stream.interest(SelectionKey.OP_READ)
                                | stream.interest(SelectionKey.OP_WRITE)
                        : stream.interest(SelectionKey.OP_READ));
    }

    // ---- receiving ----------------------------------------------------------------------------

    /** Reads what the layers below hold, which the selector knows nothing of. */
    void readOn() {
        if (state == State.OPEN || state == State.ENDING) {
            ready();
        }
    }

    private void receive() throws IOException {
        int count = stream.read(probe.receiveBuffer().clear());
        if (!stream.flush()) {
            writing = true;
        }
        if (count == ByteStream.END) {
            if (state == State.OPEN) {
                throw new ConnectionFailedException(
                        FailureKind.CLOSED_EARLY,
                        "Connection closed by peer" + (received == 0 ? opening.hint() : ""));
            }
            close();
            return;
        }
        if (!stream.isDrained()) {
            probe.unread(this);
        }
        if (count == 0) {
            return;
        }
        long now = System.nanoTime();
        lastMoved = now;
        check(count);
        while (inFlight > 0 && received >= wholeAt) {
            tally.answered(plannedAt[oldest], now);
            wholeAt += size;
            oldest = oldest + 1 < plannedAt.length ? oldest + 1 : 0;
            inFlight--;
        }
        if (state == State.OPEN && probe.isSending()) {
            begin(now);
        }
    }

    private void check(int count) {
        int owed = (int) Math.min(count, sent - received);
        int wrong = pattern.countWrong(probe.receivedSegment(), owed, number, received);
        received += owed;
        int surplus = count - owed;
        if (wrong + surplus > 0) {
            tally.wrong(wrong + surplus);
        }
    }

    // ---- the end ------------------------------------------------------------------------------

    /** Whether the peer owes an answer. */
    boolean isOwed() {
        return state == State.OPEN && inFlight > 0;
    }

    boolean isOpen() {
        return state != State.CLOSED;
    }

    /** Returns whether the connection is on its way to be open. */
    boolean isConnecting() {
        return state == State.CONNECTING || state == State.OPENING;
    }

    /** Gives the connection up if it has been silent for too long. */
    void checkSilence(long now, long timeoutNanos) {
        if (now - lastMoved > timeoutNanos && (isConnecting() || isOwed())) {
            lost(
                    switch (state) {
                        case CONNECTING ->
                                new ConnectionFailedException(
                                        FailureKind.TIMED_OUT, "Connect timed out");
                        case OPENING -> opening.timeout();
                        default -> new ConnectionFailedException(FailureKind.STALLED, "No answer");
                    });
        }
    }

    /** All has been answered: ends the stream, so that the peer does so too. */
    void end() {
        if (state != State.OPEN) {
            return;
        }
        state = State.ENDING;
        try {
            stream.shutdownOutput();
            flush();
        } catch (IOException e) {
            lost(e);
        }
    }

    private void lost(IOException cause) {
        // Afterwards nothing is owed any more.
        if (state != State.ENDING && state != State.CLOSED) {
            tally.failed(number, explain(cause));
        }
        close();
    }

    private static IOException explain(IOException cause) {
        return cause instanceof SSLException failure
                ? new ConnectionFailedException(
                        FailureKind.TLS,
                        "TLS failed: " + TlsHandshakeException.of(failure).reason(),
                        failure)
                : cause;
    }

    void close() {
        if (state == State.CLOSED) {
            return;
        }
        tally.closed(!isConnecting(), sent - received);
        state = State.CLOSED;
        try {
            channel.close();
        } catch (IOException _) {
            // It is given up anyway, and why is known already.
        }
        opening.release();
    }
}
