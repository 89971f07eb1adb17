package io.epollecho.server;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/**
 * One thread and one selector, and the connections that live on them.
 *
 * <p>A turn of the loop waits for readiness, lets each ready channel have its share, runs the tasks
 * that other threads left, and lets timers expire. What the loop owns it touches on its own thread
 * only, hence no locks; other threads reach it by {@link #execute}.
 */
final class EventLoop implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(EventLoop.class);

    private static final int EARLY_RETURNS_TOLERATED = 512;

    /** What a key's attachment does when the key is ready. */
    sealed interface Handler permits Acceptor, Connection {

        /** The channel is ready, or may be. An exception goes to {@link #failed} and no further. */
        void ready() throws IOException;

        /** The key that stands for the channel from now on. */
        void registered(SelectionKey key);

        /** {@link #ready} threw: whatever it was, it costs this handler's channel at most. */
        void failed(Exception e);
    }

    private final int number;
    private final EchoServerConfig config;
    private final LoopStatistics statistics;
    private final Admission admission;
    private final Consumer<Throwable> onDeath;
    private final long idleTimeoutNanos;
    private final long writeTimeoutNanos;
    private final ByteBuffer readBuffer;
    private final PendingBuffers pendingBuffers;
    private final Consumer<SelectionKey> dispatcher = this::dispatch; // one object for all turns
    private final ConnectionTable connections = new ConnectionTable();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final TimerWheel timers;
    private final CompletableFuture<Void> drained = new CompletableFuture<>();
    private final LogLimiter failureLog = new LogLimiter();
    private final Thread thread;

    /** Replaced if it goes mad; other threads need it to wake the loop. */
    private volatile Selector selector;

    private long now = System.nanoTime();
    private int earlyReturns;
    private boolean awake;
    private boolean stopping;
    private @Nullable Acceptor acceptor;
    private long drainDeadline = TimerWheel.NEVER;
    private volatile boolean terminated;

    EventLoop(
            int number,
            EchoServerConfig config,
            LoopStatistics statistics,
            Admission admission,
            Consumer<Throwable> onDeath)
            throws IOException {
        this.number = number;
        this.config = config;
        this.statistics = statistics;
        this.admission = admission;
        this.onDeath = onDeath;
        this.idleTimeoutNanos = config.connections().idleTimeout().toNanos();
        this.writeTimeoutNanos = config.connections().writeTimeout().toNanos();
        this.readBuffer = ByteBuffer.allocateDirect(config.readBufferSize());
        this.pendingBuffers = new PendingBuffers(config.readBufferSize());
        this.timers = new TimerWheel(now);
        this.thread =
                Thread.ofPlatform().name("echo-server-" + number).daemon(false).unstarted(this);
        this.selector = config.selector().provider().openSelector();
    }

    // ---- the loop -----------------------------------------------------------------------------

    @Override
    public void run() {
        try {
            now = System.nanoTime();
            while (!stopping) {
                turn();
            }
            terminate(CloseReason.DRAIN_TIMEOUT);
        } catch (Throwable e) {
            // Whatever it is, also when memory is short: first nothing stays open, then it is told.
            terminate(CloseReason.ERROR);
            onDeath.accept(e);
            log.error("Event loop {} died; all that it served is closed", number, e);
        }
    }

    private void turn() throws IOException {
        long waitingSince = System.nanoTime();
        statistics.busyNanos.add(waitingSince - now);
        awake = false;
        try {
            selector.select(dispatcher, timers.millisToWait(waitingSince));
        } catch (IOException e) {
            selectFailed(e);
        }
        boolean dispatched = awake;
        awaken();
        boolean ranTasks = runTasks();
        boolean timersDue = timers.advance(now);
        if (dispatched || ranTasks || timersDue) {
            earlyReturns = 0;
        } else {
            returnedEarly();
        }
    }

    /**
     * A selector that could not take a channel in drops it and says so; that costs the one
     * connection. Any other failure is the selector's own, and the loop cannot live on.
     */
    private void selectFailed(IOException e) throws IOException {
        awaken();
        int before = connections.size();
        connections.forEach(
                connection -> {
                    if (connection.isDeregistered()) {
                        connection.failed(new IllegalStateException("Cannot be selected", e));
                    }
                });
        if (connections.size() == before) {
            throw e;
        }
    }

    /**
     * The wait ended for no reason that shows. Once is nothing, a leftover wake-up perhaps; but a
     * selector that keeps doing so makes the loop spin, and a new one is all the cure there is.
     */
    private void returnedEarly() throws IOException {
        if (Thread.interrupted()) { // or no wait would ever last again
            log.debug("Interrupted, and goes on: {}", this);
            return;
        }
        earlyReturns++;
        if (earlyReturns == EARLY_RETURNS_TOLERATED) {
            earlyReturns = 0;
            rebuildSelector();
        }
    }

    private void rebuildSelector() throws IOException {
        Selector old = selector;
        Selector fresh = config.selector().provider().openSelector();
        for (SelectionKey key : old.keys()) {
            if (key.isValid()) {
                var handler = (Handler) key.attachment();
                handler.registered(key.channel().register(fresh, key.interestOps(), handler));
            }
        }
        selector = fresh;
        old.close();
        statistics.rebuilds.add(1);
        log.warn(
                "The selector of event loop {} returned {} times for no reason and was replaced",
                number,
                EARLY_RETURNS_TOLERATED);
    }

    private void dispatch(SelectionKey key) {
        awaken();
        Handler handler = (Handler) key.attachment();
        try {
            handler.ready();
        } catch (IOException | RuntimeException e) {
            handler.failed(e);
        }
    }

    /** Reads the time once a turn, as soon as the wait is over. */
    private void awaken() {
        if (!awake) {
            awake = true;
            now = System.nanoTime();
        }
    }

    /** Returns whether there were any. */
    private boolean runTasks() {
        Runnable task = tasks.poll();
        boolean any = task != null;
        while (task != null) {
            task.run();
            task = tasks.poll();
        }
        return any;
    }

    /** Closes all that the loop owns, in whatever state it was left. */
    private void terminate(CloseReason reason) {
        terminated = true;
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            guarded(task);
        }
        if (acceptor != null) {
            guarded(acceptor::close);
        }
        connections.forEach(connection -> guarded(() -> connection.close(reason)));
        // Frees the descriptors of the channels closed just now, too.
        guarded(this::closeSelector);
        drained.complete(null);
    }

    /** One step that fails must not keep the next ones from being taken. */
    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            log.error("Event loop {} goes on closing after a failure", number, e);
        }
    }

    private void closeSelector() {
        try {
            selector.close();
        } catch (IOException e) {
            log.warn("Cannot close the selector of event loop {}", number, e);
        }
    }

    // ---- for other threads --------------------------------------------------------------------

    void start() {
        thread.start();
    }

    /**
     * Has the loop run a task in its next turn.
     *
     * @return false if the loop has ended, and then the task is not run
     */
    boolean execute(Runnable task) {
        tasks.add(task);
        if (terminated && tasks.remove(task)) {
            return false;
        }
        selector.wakeup();
        return true;
    }

    /** Ends the loop after this turn; connections that are still open are cut. */
    void stop() {
        execute(() -> stopping = true);
    }

    /** Waits for the thread's end, at most so long. Returns whether it has ended. */
    boolean join(Duration timeout) throws InterruptedException {
        if (thread.getState() == Thread.State.NEW) {
            terminate(CloseReason.ERROR);
            return true;
        }
        return thread.join(timeout);
    }

    Thread thread() {
        return thread;
    }

    /** Completes when a drain has left no connection, or when the loop has ended without one. */
    CompletableFuture<Void> drained() {
        return drained;
    }

    // ---- for the loop's own thread ------------------------------------------------------------

    /** Starts to serve a channel that was admitted. */
    void adopt(SocketChannel channel, @Nullable InetAddress countedAddress) {
        assert inLoop();
        try {
            Connection connection = new Connection(this, channel, countedAddress);
            connections.add(connection);
            statistics.opened.add(1);
            if (draining()) {
                connection.drain();
            }
        } catch (IOException | RuntimeException e) {
            log.debug("Cannot serve {}: {}", channel, e.toString());
            admission.leave(countedAddress);
            reject(channel, RejectReason.ERROR);
        }
    }

    /** Closes a channel that is not to be served. */
    void reject(SocketChannel channel, RejectReason reason) {
        assert inLoop();
        statistics.rejected(reason).add(1);
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("Cannot close {}: {}", channel, e.toString());
        }
    }

    /** A connection tells that it has closed. */
    void closed(
            Connection connection,
            CloseReason reason,
            long ageNanos,
            @Nullable InetAddress countedAddress) {
        assert inLoop();
        connections.remove(connection);
        admission.leave(countedAddress);
        statistics.closed(reason).add(1);
        statistics.connectionNanos.add(ageNanos);
        tellIfDrained();
    }

    /**
     * Lets the connections come to an end until the deadline. May be repeated to bring the deadline
     * forward.
     */
    void drain(long deadline) {
        assert inLoop();
        drainDeadline = Math.min(drainDeadline, deadline);
        connections.forEach(Connection::drain);
        tellIfDrained();
    }

    private void tellIfDrained() {
        if (draining() && connections.size() == 0) {
            drained.complete(null);
        }
    }

    /** The newest connections, at most so many. */
    List<ConnectionInfo> newestConnections(int limit) {
        assert inLoop();
        var infos = new ArrayList<ConnectionInfo>();
        for (Connection connection : connections.newest(limit)) {
            try {
                infos.add(connection.info(number));
            } catch (IOException e) {
                log.debug("Left out of the list: {}: {}", connection, e.toString());
            }
        }
        return infos;
    }

    SelectionKey register(SelectableChannel channel, int interest, Handler handler)
            throws IOException {
        assert inLoop();
        channel.configureBlocking(false);
        return channel.register(selector, interest, handler);
    }

    /**
     * Asks to be called again although not everything was read or written: an edge alone would not
     * return.
     */
    static void rearm(SelectionKey key) {
        key.interestOps(key.interestOps());
    }

    /**
     * Frees the descriptors of channels closed in this turn, which the JDK's selector leaves to the
     * next select.
     */
    void flushClosed() throws IOException {
        assert inLoop();
        selector.selectNow(dispatcher);
    }

    /** Tells of a defect that cost one connection; whose, only the debug log says. */
    void logFailure(Exception e) {
        long heldBack = failureLog.permits(now);
        if (heldBack >= 0) {
            log.error("A connection failed and was closed{}", LogLimiter.alike(heldBack), e);
        }
    }

    void setAcceptor(Acceptor acceptor) {
        assert inLoop();
        this.acceptor = acceptor;
    }

    /** The {@link System#nanoTime()} of this turn. */
    long now() {
        return now;
    }

    TimerWheel timers() {
        return timers;
    }

    LoopStatistics statistics() {
        return statistics;
    }

    ByteBuffer readBuffer() {
        return readBuffer;
    }

    int readBudget() {
        return config.readBudget();
    }

    PendingBuffers pendingBuffers() {
        return pendingBuffers;
    }

    long idleTimeoutNanos() {
        return idleTimeoutNanos;
    }

    long writeTimeoutNanos() {
        return writeTimeoutNanos;
    }

    /** When a drain is to end; {@link TimerWheel#NEVER} while there is none. */
    long drainDeadline() {
        return drainDeadline;
    }

    private boolean draining() {
        return drainDeadline != TimerWheel.NEVER;
    }

    private boolean inLoop() {
        return Thread.currentThread() == thread || thread.getState() == Thread.State.NEW;
    }

    @Override
    public String toString() {
        return thread.getName();
    }
}
