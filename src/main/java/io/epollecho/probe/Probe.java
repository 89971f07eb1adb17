package io.epollecho.probe;

import io.epollecho.stream.BufferPool;
import io.epollecho.stream.TlsStream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A single run that puts load on an echo server and verifies every byte that comes back.
 *
 * <p>A run opens its connections, warms up the server, measures, waits for outstanding answers, and
 * closes the connections gracefully, which also reveals any bytes the server sends unasked. It
 * reopens lost connections if the options ask for it. The run takes place on the caller's thread.
 * With a rate, the thread spins for the last two milliseconds before a message is due, because
 * sleeping is not that accurate.
 */
public final class Probe {

    private static final long MILLI = 1_000_000;
    private static final long TICK_NANOS = 20 * MILLI;
    private static final long SPIN_NANOS = 2 * MILLI;
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    /** Number of connections opened at once; small, so that a short backlog does not overflow. */
    private static final int CONNECT_BATCH = 32;

    private static final int MOST_CONNECTING = 256;

    private static final int SPARE_BUFFERS = 64;

    /** Time to wait for the peer to close its side at the end. Exceeding it is not a failure. */
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

    /** Connections with buffered bytes to read, which the selector does not report. */
    private final ArrayDeque<ProbeConnection> unread = new ArrayDeque<>();

    private final Consumer<SelectionKey> dispatcher = Probe::dispatch;
    private final long timeoutNanos;
    private final Instant started = Instant.now();
    private final long startedAt = System.nanoTime();
    private long nextTick;
    private long paced;
    private boolean sending;
    private boolean measuring;
    private boolean ending;
    private boolean owed;
    private boolean alive;
    private boolean interrupted;
    private volatile boolean stopped;

    private Probe(ProbeOptions options, ProbeListener listener, Selector selector) {
        this.options = options;
        this.listener = listener;
        this.selector = selector;
        this.timeoutNanos = options.timeout().toNanos();
        this.tally = new Tally(options.size());
        this.resolver = new Resolver(options, selector::wakeup);
        this.outages = new Outages(options.connections(), startedAt, listener);
        this.intervals =
                new Intervals(
                        tally, this::progress, outages, listener, options.interval(), startedAt);
        long count = options.count() == 0 ? Long.MAX_VALUE : options.count();
        this.schedule =
                options.rate() == 0 ? new ClosedLoop(count) : new OpenLoop(options.rate(), count);
    }

    /**
     * Creates a probe for one run.
     *
     * @param options the options of the run
     * @param listener the listener to notify of progress
     * @return a probe, which holds an open selector until {@link #run} returns
     * @throws IOException if no selector can be opened
     */
    public static Probe open(ProbeOptions options, ProbeListener listener) throws IOException {
        return new Probe(options, listener, Selector.open());
    }

    /**
     * Runs the probe to its end. If the thread is interrupted, the run ends as after {@link #stop},
     * and the thread's interrupt status is set again when this method returns.
     *
     * @return the report of the run
     * @throws IOException if the selector fails; failures of connections are part of the report
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
            Progress progress = progress();
            Duration behind = behind(endedAt);
            listener.measured();
            long overdue = awaitAnswers(endedAt);
            clients.forEach(ProbeClient::confirm);
            OutageSummary summary = outages.summary(endedAt);
            int usable = (int) clients.stream().filter(ProbeClient::isUsable).count();
            endConnections();
            clients.forEach(ProbeClient::close);
            intervals.end(System.nanoTime());
            return tally.report(
                    new Target(Addresses.withName(options.address()), resolver.seen(), started),
                    options.connections(),
                    usable,
                    tally.progress(progress.planned(), progress.queued()),
                    behind,
                    overdue,
                    finished ? tally.lastEvent() : Math.max(endedAt, tally.lastAnswer()),
                    summary);
        } finally {
            clients.forEach(ProbeClient::close);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Progress progress() {
        long queued = 0;
        if (measuring) {
            for (ProbeClient client : clients) {
                queued += client.queued();
            }
        }
        return tally.progress(schedule.planned(), queued);
    }

    /** Returns how long the oldest queued message has been due. */
    private Duration behind(long now) {
        long longest = 0;
        for (ProbeClient client : clients) {
            if (client.queued() > 0) {
                longest = Math.max(longest, now - client.queuedSince());
            }
        }
        return Duration.ofNanos(longest);
    }

    private long end(long now) {
        Duration duration = options.duration();
        return duration == null || duration.isZero() ? Long.MAX_VALUE : now + duration.toNanos();
    }

    /**
     * Ends the run early but gracefully; the report covers the run up to this point. Any thread may
     * call this method.
     */
    public void stop() {
        stopped = true;
        selector.wakeup();
    }

    // ---- the steps of a run -------------------------------------------------------------------

    private void connect() throws IOException {
        long patience = System.nanoTime() + timeoutNanos;
        while (!stopped && !resolver.isAnswered() && System.nanoTime() < patience) {
            turn(patience);
        }
        boolean connecting = true;
        while (!stopped && (clients.size() < options.connections() || connecting)) {
            int batch = Math.min(CONNECT_BATCH, options.connections() - clients.size());
            if (connecting() + batch <= MOST_CONNECTING) {
                for (int i = 0; i < batch; i++) {
                    var client = new ProbeClient(this, options, clients.size());
                    clients.add(client);
                    client.open();
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
        measuring = true;
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
                pace(openLoop, deadline);
                turn(Math.min(deadline, openLoop.nextAt()));
            } else {
                turn(deadline);
            }
        }
        if (!stopped && schedule instanceof OpenLoop openLoop) {
            // A probe that stalled past the deadline has not yet sent what was due before it.
            pace(openLoop, deadline);
        }
    }

    private boolean done(long deadline) {
        return System.nanoTime() >= deadline
                || schedule.exhausted()
                || (tally.open() == 0 && !options.reconnect());
    }

    /** Sends on the connections on which messages have become due. */
    private void pace(OpenLoop openLoop, long deadline) {
        long now = System.nanoTime();
        openLoop.advance(Math.min(now, deadline - 1));
        // One call per connection is enough: it sends all messages that are due there.
        long first = Math.max(paced, openLoop.due() - clients.size());
        for (long message = first; message < openLoop.due(); message++) {
            clients.get((int) (message % clients.size())).send(now);
        }
        paced = openLoop.due();
    }

    /**
     * Waits for the outstanding answers, and returns how many of them took longer than if the
     * server had kept up with the rate.
     */
    private long awaitAnswers(long endedAt) throws IOException {
        long deadline = endedAt + timeoutNanos;
        long patience = tally.lowestLatency() + ProbeReport.TOLERATED_DELAY.toNanos();
        awaitAnswersUntil(Math.min(deadline, endedAt + patience));
        long overdue =
                schedule instanceof OpenLoop
                        ? clients.stream().mapToLong(ProbeClient::unanswered).sum()
                        : 0;
        awaitAnswersUntil(deadline);
        long now = System.nanoTime();
        clients.forEach(client -> client.checkSilence(now, timeoutNanos));
        String afterwards = Durations.format(options.timeout()) + " after the end of the run";
        clients.forEach(client -> client.giveUp(afterwards));
        return overdue;
    }

    private void awaitAnswersUntil(long deadline) throws IOException {
        owed = true;
        while (owed && System.nanoTime() < deadline) {
            turn(deadline);
        }
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

    /** Waits for events until the given time at the latest, and handles them. */
    private void turn(long until) throws IOException {
        // With the status set, each select would return immediately.
        if (Thread.interrupted()) {
            interrupted = true;
            stopped = true;
        }
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
        ((ReadyHandler) key.attachment()).ready();
    }

    /** Performs the periodic checks of all connections. */
    private void tick(long now) {
        nextTick = now + TICK_NANOS;
        owed = false;
        alive = false;
        for (ProbeClient client : clients) {
            client.checkSilence(now, timeoutNanos);
            owed |= client.isOwed();
            alive |= client.isOpen();
        }
        if (options.reconnect() && sending && !ending) {
            reconnect(now);
        }
        intervals.advance(now);
    }

    private void reconnect(long now) {
        int batch = Math.min(CONNECT_BATCH, MOST_CONNECTING - connecting());
        for (ProbeClient client : clients) {
            if (batch > 0 && client.wantsToRetry(now)) {
                resolver.refresh();
                client.open();
                batch--;
            }
        }
    }

    // ---- for clients and connections ----------------------------------------------------------

    Selector selector() {
        return selector;
    }

    BytePattern pattern() {
        return pattern;
    }

    Schedule schedule() {
        return schedule;
    }

    /** Returns false while connections are still being opened and no message is due. */
    boolean isSending() {
        return sending;
    }

    BufferPool buffers() {
        return buffers;
    }

    /** Makes the connection continue reading in the next turn. */
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
