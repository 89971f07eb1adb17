package io.epollecho.probe;

import io.epollecho.stream.ByteStream;
import io.epollecho.stream.TlsHandshakeException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Locale;

import javax.net.ssl.SSLException;

/**
 * A connection that sends the messages granted by the schedule and verifies the echo.
 *
 * <pre>
 *   OPENING ──► OPEN ──► ENDING (FIN sent, all answered) ──► CLOSED
 *      └──────────┴── refused, reset, ended by the peer, silent ──┘
 * </pre>
 */
final class ProbeConnection implements ReadyHandler {

    private enum State {
        OPENING,
        OPEN,
        ENDING,
        CLOSED
    }

    private final Probe probe;
    private final Tally tally;
    private final BytePattern pattern;
    private final Schedule schedule;
    private final ProbeClient client;
    private final int number;

    /** The index of the pattern's stream that this connection sends. */
    private final int patternStream;

    private final int size;
    private final SocketChannel channel;
    private final Opening opening;
    private final ByteStream stream;
    private final SelectionKey key;
    private final Endpoints endpoints;
    private State state = State.OPENING;
    private int interest;
    private boolean writing;

    /** When each message in flight was due: a ring buffer, from the oldest to the newest. */
    private final long[] plannedAt;

    private int oldest;
    private int inFlight;

    /** Bytes of all messages begun. */
    private long queued;

    /** Bytes sent so far. */
    private long sent;

    /** Bytes of the echo received so far. */
    private long received;

    /** Value of {@link #received} at which the oldest message in flight is complete. */
    private long wholeAt;

    private long lastMoved;

    private final long begunAt;
    private long usableSince;
    private boolean answered;
    private boolean wrong;

    ProbeConnection(
            Probe probe,
            ProbeOptions options,
            ProbeClient client,
            long patternStream,
            SocketChannel channel,
            SelectionKey key,
            Endpoints endpoints) {
        this.probe = probe;
        this.tally = probe.tally();
        this.pattern = probe.pattern();
        this.schedule = probe.schedule();
        this.client = client;
        this.number = client.number();
        this.patternStream = BytePattern.stream(patternStream);
        this.size = options.size();
        this.plannedAt = new long[options.pipeline()];
        this.wholeAt = size;
        this.channel = channel;
        this.opening = new Opening(options, channel, probe.buffers());
        this.stream = opening.stream();
        this.begunAt = System.nanoTime();
        this.lastMoved = begunAt;
        this.endpoints = endpoints;
        this.interest = key.interestOps();
        this.key = key;
        key.attach(this);
    }

    /** Begins the steps before the first message. */
    void open(long connectStartedAt) {
        tally.connected(begunAt - connectStartedAt, endpoints);
        ready();
    }

    @Override
    public void ready() {
        try {
            switch (state) {
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

    private void advance() throws IOException {
        if (!opening.advance(probe.receiveBuffer())) {
            select(opening.interest());
            return;
        }
        state = State.OPEN;
        usableSince = System.nanoTime();
        tally.opened(endpoints);
        if (opening.handshakeNanos() > 0) {
            tally.handshaken(opening.handshakeNanos());
        }
        String server = opening.server();
        if (server != null) {
            tally.greeted(server);
        }
        if (opening.surplus() > 0) {
            tally.wrong(opening.surplus());
            wrong(
                    String.format(
                            Locale.ROOT,
                            "%d unexpected bytes after the greeting",
                            opening.surplus()));
        }
        select(SelectionKey.OP_READ);
        if (!stream.isDrained()) {
            probe.unread(this);
        }
        client.opened();
        if (probe.isSending()) {
            begin(usableSince);
        }
    }

    private void select(int operations) {
        if (interest != operations) {
            interest = operations;
            key.interestOps(operations);
        }
    }

    // ---- sending ------------------------------------------------------------------------------

    /** Sends the messages that are due, as far as the pipeline has room. */
    void send(long now) {
        if (state != State.OPEN) {
            return;
        }
        try {
            begin(now);
        } catch (IOException e) {
            receiveRest();
            lost(e);
        }
    }

    /** Reads what the peer sent before it closed, so that it is not counted as missing. */
    private void receiveRest() {
        try {
            int count = stream.read(probe.receiveBuffer().clear());
            while (count > 0) {
                take(count, System.nanoTime());
                count = stream.read(probe.receiveBuffer().clear());
            }
        } catch (IOException _) {
            // The caller reports the original failure.
        }
    }

    private void begin(long now) throws IOException {
        int granted = schedule.grant(number, client.begun(), plannedAt.length - inFlight);
        if (granted == 0) {
            return;
        }
        if (inFlight == 0) {
            lastMoved = now; // the peer owes an answer from now on
        }
        for (int i = 0; i < granted; i++) {
            int youngest = oldest + inFlight;
            int place = youngest < plannedAt.length ? youngest : youngest - plannedAt.length;
            plannedAt[place] = schedule.plannedAt(number, client.next(), now);
            tally.sent(plannedAt[place], now);
            inFlight++;
        }
        queued += (long) granted * size;
        if (!writing) {
            flush();
        }
    }

    private void flush() throws IOException {
        while (sent < queued) {
            int count = pattern.write(stream, patternStream, sent, queued - sent);
            if (count == 0) {
                break;
            }
            sent += count;
            if (writing) {
                lastMoved = System.nanoTime(); // the peer accepts data again
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

    /** Reads bytes buffered in the layers below, which the selector does not report. */
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
                        FailureKind.CLOSED_EARLY, "Connection closed by peer");
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
        take(count, now);
        if (state == State.OPEN && probe.isSending()) {
            begin(now);
        }
    }

    private void take(int count, long now) {
        lastMoved = now;
        check(count);
        while (inFlight > 0 && received >= wholeAt) {
            tally.answered(plannedAt[oldest], now);
            wholeAt += size;
            oldest = oldest + 1 < plannedAt.length ? oldest + 1 : 0;
            inFlight--;
            if (!answered) {
                answered = true;
                client.answered(usableSince);
            }
        }
    }

    private void check(int count) {
        int owed = (int) Math.min(count, sent - received);
        int wrong = pattern.countWrong(probe.receivedSegment(), owed, patternStream, received);
        int surplus = count - owed;
        if (wrong + surplus > 0) {
            tally.wrong(wrong + surplus);
            wrong(count, owed);
        }
        received += owed;
    }

    /** Records the first wrong byte of the connection as a failure. */
    private void wrong(int count, int owed) {
        if (wrong) {
            return;
        }
        MemorySegment bytes = probe.receivedSegment();
        int first = pattern.firstWrong(bytes, owed, patternStream, received);
        int actual = Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, first));
        String expected =
                first < owed
                        ? String.format(
                                Locale.ROOT, "0x%02x", pattern.at(patternStream, received + first))
                        : "none, as all bytes sent have come back";
        wrong(
                String.format(
                        Locale.ROOT,
                        "byte at offset %d: expected %s, actual 0x%02x%s",
                        received + first,
                        expected,
                        actual,
                        received == 0 ? opening.hint(probe.receiveBuffer(), count) : ""));
    }

    private void wrong(String what) {
        wrong = true;
        tally.failed(FailureKind.WRONG_BYTE, "connection " + number + ": " + what, endpoints);
    }

    // ---- the end ------------------------------------------------------------------------------

    /** Returns whether the peer owes an answer. */
    boolean isOwed() {
        return state == State.OPEN && inFlight > 0;
    }

    boolean isOpen() {
        return state != State.CLOSED;
    }

    /** Returns whether messages can be sent, or could be until the run began to end. */
    boolean isUsable() {
        return state == State.OPEN || state == State.ENDING;
    }

    long usableSince() {
        return usableSince;
    }

    /** Returns whether the connection is still being opened. */
    boolean isOpening() {
        return state == State.OPENING;
    }

    /** Closes the connection as failed if it has been silent for longer than the timeout. */
    void checkSilence(long now, long timeoutNanos) {
        if (now - lastMoved > timeoutNanos && (isOpening() || isOwed())) {
            lost(
                    isOpening()
                            ? opening.timeout()
                            : new ConnectionFailedException(FailureKind.STALLED, "No answer"));
        }
    }

    /** Closes the connection as failed if answers are still missing. */
    void giveUp(String afterwards) {
        if (isOwed()) {
            lost(
                    new ConnectionFailedException(
                            FailureKind.STALLED,
                            String.format(
                                    Locale.ROOT,
                                    "%d messages not answered %s",
                                    inFlight,
                                    afterwards)));
        }
    }

    /** Returns the number of messages without an answer. */
    int unanswered() {
        return isOwed() ? inFlight : 0;
    }

    /** Half-closes the connection once all messages are answered, so that the peer closes it. */
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
        boolean early = state != State.ENDING && state != State.CLOSED;
        long since = isOpening() ? begunAt : isOwed() ? lastMoved : System.nanoTime();
        close();
        if (early) { // a failure after the last answer does not count
            client.failed(explain(cause), since, endpoints);
        }
    }

    private IOException explain(IOException cause) {
        if (cause instanceof SSLException failure) {
            return new ConnectionFailedException(
                    FailureKind.TLS,
                    "TLS failed: " + TlsHandshakeException.of(failure).reason(),
                    failure);
        }
        FailureKind kind = FailureKind.of(cause);
        return received == 0 && (kind == FailureKind.CLOSED_EARLY || kind == FailureKind.RESET)
                ? new ConnectionFailedException(kind, cause.getMessage() + opening.hint(), cause)
                : cause;
    }

    void close() {
        if (state == State.CLOSED) {
            return;
        }
        tally.closed(!isOpening(), sent - received);
        if (sent > received) {
            tally.failed(
                    FailureKind.MISSING_BYTES,
                    String.format(
                            Locale.ROOT,
                            "connection %d: %d bytes from offset %d",
                            number,
                            sent - received,
                            received),
                    endpoints);
        }
        state = State.CLOSED;
        try {
            channel.close();
        } catch (IOException _) {
            // The connection is abandoned anyway, and the reason is already known.
        }
        opening.release();
    }
}
