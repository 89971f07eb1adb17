package io.epollecho.probe;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * One connection: sends what the schedule grants, and compares what comes back.
 *
 * <pre>
 *   CONNECTING ──► OPEN ──► ENDING (FIN sent, all answered) ──► CLOSED
 *        └──────────┴── refused, reset, ended by the peer, silent ──┘
 * </pre>
 */
final class ProbeConnection {

    private enum State {
        CONNECTING,
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
    private final SelectionKey key;
    private State state = State.CONNECTING;
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
                case OPEN, ENDING -> {
                    if (key.isReadable()) {
                        receive();
                    }
                    if (writing && key.isValid() && key.isWritable()) {
                        flush();
                    }
                }
                case CLOSED -> {}
            }
        } catch (IOException e) {
            lost(e);
        }
    }

    private void connected() {
        state = State.OPEN;
        key.interestOps(SelectionKey.OP_READ);
        tally.opened();
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
            int count = pattern.write(channel, number, sent, queued - sent);
            if (count == 0) {
                interest(true);
                return;
            }
            sent += count;
            if (writing) {
                lastMoved = System.nanoTime(); // it was waiting for this
            }
        }
        interest(false);
    }

    private void interest(boolean toWrite) {
        if (writing != toWrite) {
            writing = toWrite;
            key.interestOps(
                    toWrite ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        }
    }

    // ---- receiving ----------------------------------------------------------------------------

    private void receive() throws IOException {
        int count = channel.read(probe.receiveBuffer().clear());
        if (count < 0) {
            if (state == State.OPEN) {
                throw new IOException("Connection closed by peer");
            }
            close();
            return;
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
        if (state == State.OPEN) {
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

    boolean isConnecting() {
        return state == State.CONNECTING;
    }

    /** Gives the connection up if it has been silent for too long. */
    void checkSilence(long now, long timeoutNanos) {
        if (now - lastMoved > timeoutNanos && (isConnecting() || isOwed())) {
            lost(new SocketTimeoutException(isConnecting() ? "Connect timed out" : "No answer"));
        }
    }

    /** All has been answered: ends the stream, so that the peer does so too. */
    void end() {
        if (state != State.OPEN) {
            return;
        }
        state = State.ENDING;
        try {
            channel.shutdownOutput();
        } catch (IOException e) {
            lost(e);
        }
    }

    private void lost(IOException cause) {
        switch (state) {
            case CONNECTING -> tally.connectFailed(number, connectFailure(cause));
            case OPEN -> {
                if (cause instanceof SocketTimeoutException) {
                    tally.stalled(number, cause);
                } else {
                    tally.reset(number, cause);
                }
            }
            case ENDING, CLOSED -> {} // nothing was owed any more
        }
        close();
    }

    private static IOException connectFailure(IOException cause) {
        return cause instanceof SocketTimeoutException || cause instanceof ConnectException
                ? cause
                : new ConnectException(cause.toString());
    }

    void close() {
        if (state == State.CLOSED) {
            return;
        }
        tally.closed(state != State.CONNECTING, sent - received);
        state = State.CLOSED;
        try {
            channel.close();
        } catch (IOException _) {
            // It is given up anyway, and why is known already.
        }
    }
}
