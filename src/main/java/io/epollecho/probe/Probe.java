package io.epollecho.probe;

import io.epollecho.stream.BufferPool;
import io.epollecho.stream.TlsStream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Loads an echo server and checks every byte that comes back.
 *
 * <p>A run opens its connections, warms the server up, measures, waits for the answers that are
 * missing, and ends the connections in order, which also shows what comes back unasked. Lost
 * connections are opened again if the options say so. It runs on the caller's thread. With a rate
 * it waits for the next message's moment by spinning when that is less than two milliseconds away,
 * as sleeping is not that exact.
 */
public final class Probe {

    private static final long MILLI = 1_000_000;
    private static final long TICK_NANOS = 20 * MILLI;
    private static final long SPIN_NANOS = 2 * MILLI;
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    /** So many connections are opened at once, so that no short backlog overflows. */
    private static final int CONNECT_BATCH = 32;

    private static final int MOST_CONNECTING = 256;

    private static final int SPARE_BUFFERS = 64;

    /** How long the peer may take to end its streams when all is done. Not doing so is no fault. */
    private static final long ENDING_NANOS = SECOND;

    private final ProbeOptions options;
    private final ProbeListener listener;
    private final Selector selector;
    private final BytePattern pattern = new BytePattern();
    private final ByteBuffer receiveBuffer = ByteBuffer.allocateDirect(BytePattern.CHUNK);
    private final MemorySegment receivedSegment = MemorySegment.ofBuffer(receiveBuffer.duplicate());
    private final Schedule schedule;
    private final Tally tally;
    private final BufferPool buffers = new BufferPool(TlsStream.BUFFER_SIZE, SPARE_BUFFERS);
    private final List<ProbeClient> clients = new ArrayList<>();
    private final Resolver resolver;
    private final Outages outages;
    private final Intervals intervals;

    /** Connections with bytes to read that the selector does not report. */
    private final ArrayDeque<ProbeConnection> unread = new ArrayDeque<>();

    private final Consumer<SelectionKey> dispatcher = Probe::dispatch;
    private final long timeoutNanos;
    private final long startedAt = System.nanoTime();
    private long nextTick;
    private long paced;
    private boolean sending;
    private boolean ending;
    private boolean owed;
    private boolean alive;
    private volatile boolean stopped;

    private Probe(ProbeOptions options, ProbeListener listener, Selector selector) {
        this.options = options;
        this.listener = listener;
        this.selector = selector;
        this.timeoutNanos = options.timeout().toNanos();
        this.tally = new Tally(options.size());
        this.resolver = new Resolver(options.address());
        this.outages = new Outages(options.connections(), startedAt, listener);
        this.intervals = new Intervals(tally, outages, listener, options.interval(), startedAt);
        long count = options.count() == 0 ? Long.MAX_VALUE : options.count();
        this.schedule =
                options.rate() == 0 ? new ClosedLoop(count) : new OpenLoop(options.rate(), count);
    }

    /**
     * Creates a probe, for one run.
     *
     * @param options what it is to do
     * @param listener is told how it goes
     * @return a probe that holds a selector until it has run
     * @throws IOException if there is none to be had
     */
    public static Probe open(ProbeOptions options, ProbeListener listener) throws IOException {
        return new Probe(options, listener, Selector.open());
    }

    /**
     * Runs to the end.
     *
     * @return what was found
     * @throws IOException if the selector fails; what happens to connections is in the report
     */
    public ProbeReport run() throws IOException {
        try (selector) {
            connect();
            long now = System.nanoTime();
            if (options.warmup().isZero()) {
                beginMeasuring(now);
                beginSending(now);
            } else {
                beginSending(now);
                loadUntil(now + options.warmup().toNanos());
                now = System.nanoTime();
                schedule.advance(now);
                beginMeasuring(now);
            }
            loadUntil(end(now));
            long endedAt = System.nanoTime();
            boolean finished = schedule.exhausted();
            schedule.end();
            ending = true;
            listener.measured();
            awaitAnswers(endedAt + timeoutNanos);
            clients.forEach(ProbeClient::confirm);
            OutageSummary summary = outages.summary(endedAt);
            long planned = schedule.planned();
            int usable = (int) clients.stream().filter(ProbeClient::isUsable).count();
            endConnections();
            clients.forEach(ProbeClient::close);
            intervals.end(System.nanoTime());
            return tally.report(
                    clients.size(),
                    usable,
                    planned,
                    finished ? tally.lastEvent() : Math.max(endedAt, tally.lastAnswer()),
                    summary);
        } finally {
            clients.forEach(ProbeClient::close);
        }
    }

    private long end(long now) {
        Duration duration = options.duration();
        return duration == null || duration.isZero() ? Long.MAX_VALUE : now + duration.toNanos();
    }

    /** Ends the run early, in order; the report is of what was done until then. For any thread. */
    public void stop() {
        stopped = true;
        selector.wakeup();
    }

    // ---- the steps of a run -------------------------------------------------------------------

    private void connect() throws IOException {
        boolean connecting = true;
        while (!stopped && (clients.size() < options.connections() || connecting)) {
            int batch = Math.min(CONNECT_BATCH, options.connections() - clients.size());
            if (connecting() + batch <= MOST_CONNECTING) {
                for (int i = 0; i < batch; i++) {
                    var client = new ProbeClient(this, options, clients.size());
                    clients.add(client);
                    client.open(System.nanoTime());
                }
            }
            turn(System.nanoTime() + MILLI);
            connecting = connecting() > 0;
        }
    }

    private int connecting() {
        int count = 0;
        for (ProbeClient client : clients) {
            if (client.isConnecting()) {
                count++;
            }
        }
        return count;
    }

    private void beginMeasuring(long now) {
        schedule.measure();
        tally.measureFrom(now);
        listener.measuring();
    }

    private void beginSending(long now) {
        schedule.begin(now, clients.size());
        sending = true;
        clients.forEach(client -> client.send(now));
    }

    private void loadUntil(long deadline) throws IOException {
        while (!stopped && !done(deadline)) {
            if (schedule instanceof OpenLoop openLoop) {
                pace(openLoop);
                turn(Math.min(deadline, openLoop.nextAt()));
            } else {
                turn(deadline);
            }
        }
    }

    private boolean done(long deadline) {
        return System.nanoTime() >= deadline
                || schedule.exhausted()
                || (tally.open() == 0 && !options.reconnect());
    }

    /** Has the connections send on which messages have come due. */
    private void pace(OpenLoop openLoop) {
        long now = System.nanoTime();
        openLoop.advance(now);
        // More than one on a connection are sent, or wait, together.
        long first = Math.max(paced, openLoop.due() - clients.size());
        for (long message = first; message < openLoop.due(); message++) {
            clients.get((int) (message % clients.size())).send(now);
        }
        paced = openLoop.due();
    }

    private void awaitAnswers(long deadline) throws IOException {
        owed = true;
        while (owed && System.nanoTime() < deadline) {
            turn(deadline);
        }
        // What is owed still was silent for the timeout, or waits behind what the peer is slow
        // with.
        long now = System.nanoTime();
        clients.forEach(client -> client.checkSilence(now, timeoutNanos));
    }

    private void endConnections() throws IOException {
        clients.forEach(ProbeClient::end);
        long deadline = System.nanoTime() + Math.min(timeoutNanos, ENDING_NANOS);
        alive = true;
        while (alive && System.nanoTime() < deadline) {
            turn(deadline);
        }
    }

    // ---- turns --------------------------------------------------------------------------------

    /** Waits until something happens, or until the given time at the latest, and lets it happen. */
    private void turn(long until) throws IOException {
        long now = System.nanoTime();
        if (now >= nextTick) {
            tick(now);
        }
        long wait = Math.min(until, nextTick) - now;
        if (wait >= SPIN_NANOS && unread.isEmpty()) {
            selector.select(dispatcher, wait / MILLI - 1);
        } else {
            selector.selectNow(dispatcher);
        }
        for (int count = unread.size(); count > 0; count--) {
            unread.remove().readOn();
        }
    }

    private static void dispatch(SelectionKey key) {
        ((ProbeConnection) key.attachment()).ready();
    }

    /** What is done now and then, for all connections. */
    private void tick(long now) {
        nextTick = now + TICK_NANOS;
        owed = false;
        alive = false;
        for (ProbeClient client : clients) {
            client.checkSilence(now, timeoutNanos);
            owed |= client.isOwed();
            alive |= client.isOpen();
        }
        if (options.reconnect() && !ending) {
            reconnect(now);
        }
        intervals.advance(now);
    }

    private void reconnect(long now) {
        int batch = Math.min(CONNECT_BATCH, MOST_CONNECTING - connecting());
        for (ProbeClient client : clients) {
            if (batch > 0 && client.wantsToRetry(now)) {
                resolver.refresh();
                client.open(now);
                batch--;
            }
        }
    }

    // ---- for clients and connections
    // ------------------------------------------------------------------

    Selector selector() {
        return selector;
    }

    BytePattern pattern() {
        return pattern;
    }

    Schedule schedule() {
        return schedule;
    }

    /** Returns false while connections are still being opened; no message is due then. */
    boolean isSending() {
        return sending;
    }

    BufferPool buffers() {
        return buffers;
    }

    /** Has the connection read on in the next turn. */
    void unread(ProbeConnection connection) {
        unread.add(connection);
    }

    Tally tally() {
        return tally;
    }

    Resolver resolver() {
        return resolver;
    }

    Outages outages() {
        return outages;
    }

    ByteBuffer receiveBuffer() {
        return receiveBuffer;
    }

    MemorySegment receivedSegment() {
        return receivedSegment;
    }
}
