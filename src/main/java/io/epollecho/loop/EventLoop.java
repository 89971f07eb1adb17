package io.epollecho.loop;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * An event loop: one thread and one selector.
 *
 * <p>Each turn of the loop waits for readiness, calls the handler of each ready channel, runs the
 * tasks queued by other threads, and expires timers. Everything that belongs to the loop is used on
 * its thread only, so no locks are needed; other threads use {@link #execute} and {@link #submit}.
 *
 * <p>An exception from a handler, a task or a timer does not end the loop or affect other channels.
 * The loop ends when it is stopped, when its selector fails, or when an error leaves the virtual
 * machine unusable.
 */
public final class EventLoop {

    private static final Logger log = LoggerFactory.getLogger(EventLoop.class);

    private static final int EARLY_RETURNS_TOLERATED = 512;

    /** The minimum number of channels that one selection can report, on every selector in use. */
    private static final int CHANNELS_PER_SELECTION = 512;

    /** How long turns may fail for lack of memory, one after the other, before the loop ends. */
    private static final long SHORTAGE_NANOS = Duration.ofSeconds(10).toNanos();

    /** The pause between attempts to close what could not be closed for lack of memory. */
    private static final long CLOSING_PAUSE_NANOS = Duration.ofMillis(10).toNanos();

    /** The maximum number of those attempts, about a minute. */
    private static final int CLOSING_ATTEMPTS = 6_000;

    static {
        Failures.load();
    }

    /** The handler of one channel's readiness. Its methods are called on the loop's thread. */
    public interface Handler {

        /**
         * Handles readiness. The channel may turn out not to be ready. Anything thrown here is
         * passed to {@link #failed} and goes no further.
         *
         * @throws IOException if the channel fails
         */
        void ready() throws IOException;

        /**
         * Replaces the channel's key. Called after the selector was replaced and the channel was
         * registered again.
         *
         * @param key the new key
         */
        void registered(SelectionKey key);

        /**
         * Handles an exception or error thrown by {@link #ready}. If this method throws too, the
         * loop logs it and continues.
         *
         * @param cause the exception or error
         */
        void failed(Throwable cause);
    }

    /**
     * The owner of the channels registered with a loop. Its methods are called on the loop's
     * thread.
     */
    public interface Owner {

        /**
         * Closes the channels that the selector dropped because it could not register them.
         *
         * @param cause the exception thrown by the selection
         * @return true if any channel was closed for this reason and the loop can continue; if
         *     false, the loop ends
         */
        boolean closeUnselectable(IOException cause);

        /**
         * Closes all channels, whatever their state, because the loop is ending. The selector is
         * still open. Called again if memory runs out meanwhile.
         *
         * @param cause why the loop died, or {@code null} if it was stopped
         */
        void closeAll(@Nullable Throwable cause);

        /**
         * Called when the loop has ended and its selector is closed. Called again if memory runs
         * out meanwhile.
         *
         * @param cause why the loop died, or {@code null} if it was stopped
         */
        void ended(@Nullable Throwable cause);
    }

    /** Separates the tasks of this turn from those of the next. */
    private enum Mark implements Runnable {
        END_OF_TURN;

        @Override
        public void run() {}
    }

    private final SelectorProvider provider;
    private final Owner owner;
    private final Consumer<SelectionKey> dispatcher = this::dispatch; // allocated once
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final TimerWheel timers;
    private final Counter busyNanos = new Counter();
    private final Counter pollingNanos = new Counter();
    private final long busyPollNanos;
    private final Counter rebuilds = new Counter();
    private final RateLimitedLog failureLog;
    private final Thread thread;

    /**
     * Replaced if it keeps returning early; volatile because other threads call {@code wakeup()}.
     */
    private volatile Selector selector;

    private long now = System.nanoTime();

    /** The time at which a channel was last ready. */
    private long lastDispatch = now;

    private int earlyReturns;
    private boolean awake;

    /** Set by any thread, never reset. */
    private volatile boolean stopping;

    /** Set by the loop's thread when no further task will run. */
    private volatile boolean terminated;

    /** Set by the loop's thread when its owner knows that it has ended. */
    private volatile boolean ended;

    /**
     * Creates a loop and opens its selector. The loop runs on a non-daemon thread, which is not
     * started yet.
     *
     * @param name the name of the loop and its thread
     * @param provider opens the selector, which must be able to register the owner's channels
     * @param owner owns the channels
     * @param busyPoll how long after a channel was ready the loop polls the selector before it
     *     blocks; zero to block immediately
     * @throws IOException if no selector can be opened
     */
    public EventLoop(String name, SelectorProvider provider, Owner owner, Duration busyPoll)
            throws IOException {
        this.provider = provider;
        this.owner = owner;
        this.busyPollNanos = busyPoll.toNanos();
        this.timers = new TimerWheel(now);
        this.failureLog = new RateLimitedLog(timers, this::now);
        this.thread = Thread.ofPlatform().name(name).daemon(false).unstarted(this::run);
        this.selector = provider.openSelector();
    }

    // ---- the loop -----------------------------------------------------------------------------

    private void run() {
        Throwable cause;
        try {
            cause = runTurns();
        } catch (Throwable e) {
            cause = e;
        }
        terminate(cause);
    }

    /** Runs until the loop is stopped, or returns the failure that ends it. */
    private @Nullable Throwable runTurns() {
        now = System.nanoTime();
        long goodUntil = now;
        while (!stopping) {
            try {
                turn();
                goodUntil = now;
            } catch (OutOfMemoryError e) {
                // Costs this turn only: the selector reports again what it could not report.
                if (System.nanoTime() - goodUntil > SHORTAGE_NANOS) {
                    return e;
                }
            } catch (Throwable e) {
                return e;
            }
        }
        return null;
    }

    private void turn() throws IOException {
        long waitingSince = System.nanoTime();
        busyNanos.add(waitingSince - now);
        awake = false;
        try {
            if (busyPollNanos == 0 || !poll(waitingSince)) {
                selector.select(dispatcher, timers.millisToWait(waitingSince));
            }
        } catch (IOException e) {
            unselectable(e);
        }
        boolean dispatched = awake;
        awaken();
        if (dispatched) {
            lastDispatch = now;
        }
        boolean ranTasks = runTasks();
        boolean timersChecked = timers.advance(now);
        if (timers.anyDue()) {
            dispatchArrived();
            timers.expire(now);
        }
        if (dispatched || ranTasks || timersChecked) {
            earlyReturns = 0;
        } else {
            returnedEarly();
        }
    }

    /**
     * Serves what arrived before {@link #now}, so that no deadline is judged before it. The process
     * may have been paused since the last selection, and a selection reports a limited number of
     * channels.
     */
    private void dispatchArrived() throws IOException {
        int selections = 1 + selector.keys().size() / CHANNELS_PER_SELECTION;
        try {
            while (selections > 0 && selector.selectNow(dispatcher) > 0) {
                selections--;
            }
        } catch (IOException e) {
            unselectable(e);
        }
    }

    private void unselectable(IOException cause) throws IOException {
        awaken();
        if (!owner.closeUnselectable(cause)) {
            throw cause;
        }
    }

    /**
     * Polls until there is something to do or the polling time is over. Returns whether there is
     * something to do. Timers are not checked while polling, because a timer tick is about as long
     * as the longest polling time.
     */
    private boolean poll(long since) throws IOException {
        long deadline = lastDispatch + busyPollNanos;
        long time = since;
        boolean found = false;
        while (!found && time - deadline < 0) {
            selector.selectNow(dispatcher);
            found = awake || stopping || !tasks.isEmpty();
            // After a dispatch, `now` is the time at which the first channel was found ready.
            time = awake ? now : System.nanoTime();
        }
        pollingNanos.add(time - since);
        return found;
    }

    private void dispatch(SelectionKey key) {
        awaken();
        Handler handler = (Handler) key.attachment();
        try {
            handler.ready();
        } catch (Throwable e) {
            Failures.throwIfFatal(e);
            handleFailure(handler, e);
        }
    }

    /**
     * Passes a failure to its handler. If the handler throws too, for example for lack of memory,
     * the loop logs it and continues.
     */
    private void handleFailure(Handler handler, Throwable cause) {
        try {
            handler.failed(cause);
        } catch (Throwable e) {
            Failures.throwIfFatal(e);
            logFailure("A handler of {} failed to handle its own failure{}", e);
        }
    }

    private void logFailure(String text, Throwable cause) {
        try {
            failureLog.log(others -> log.error(text, this, others, cause));
        } catch (Throwable e) {
            Failures.throwIfFatal(e); // otherwise, losing a log line is better than losing the loop
        }
    }

    /** Updates the time, once per turn, as soon as the wait is over. */
    private void awaken() {
        if (!awake) {
            awake = true;
            now = System.nanoTime();
        }
    }

    /**
     * Runs the queued tasks and returns whether there were any. Tasks added meanwhile run in the
     * next turn; otherwise a task that adds itself again would keep the loop from serving its
     * channels.
     */
    private boolean runTasks() {
        if (tasks.isEmpty()) {
            return false;
        }
        tasks.add(Mark.END_OF_TURN);
        Runnable task = tasks.poll();
        while (task != null && !(task instanceof Mark)) {
            run(task);
            task = tasks.poll();
        }
        return true;
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            Failures.throwIfFatal(e);
            logFailure("A task of {} failed{}", e);
        }
    }

    /**
     * Counts a wait that found nothing. One such wait is harmless, for example after a leftover
     * wakeup. Many in a row mean a broken selector, which makes the loop spin and is replaced.
     */
    private void returnedEarly() throws IOException {
        if (Thread.interrupted()) { // clears the flag, which would end every further wait
            log.debug("{} was interrupted and continues", this);
            return;
        }
        earlyReturns++;
        if (earlyReturns == EARLY_RETURNS_TOLERATED) {
            earlyReturns = 0;
            replaceSelector();
        }
    }

    private void replaceSelector() throws IOException {
        Selector old = selector;
        Selector fresh;
        try {
            fresh = provider.openSelector();
        } catch (IOException e) {
            log.error(
                    "Cannot replace the selector of {}, which keeps returning early: {}", this, e);
            return;
        }
        IOException failure;
        try {
            failure = moveKeys(old, fresh);
        } catch (Throwable e) {
            keepKeys(old);
            close(fresh);
            throw e;
        }
        selector = fresh;
        // Another thread may have just queued a task and woken the old selector.
        fresh.wakeup();
        close(old);
        rebuilds.add(1);
        log.warn(
                "Selector of {} replaced: it returned early {} times in a row",
                this,
                EARLY_RETURNS_TOLERATED);
        if (failure != null && !owner.closeUnselectable(failure)) {
            throw failure;
        }
    }

    /**
     * Returns the reason why a channel could not be registered again, or {@code null} if none
     * failed.
     */
    private static @Nullable IOException moveKeys(Selector old, Selector fresh) {
        IOException failure = null;
        for (SelectionKey key : old.keys()) {
            if (key.isValid()) {
                var handler = (Handler) key.attachment();
                try {
                    handler.registered(key.channel().register(fresh, key.interestOps(), handler));
                } catch (IOException | RuntimeException e) {
                    failure = new IOException("Cannot register a channel again", e);
                }
            }
        }
        return failure;
    }

    /** Undoes an incomplete move: the handlers use the keys of the old selector again. */
    private static void keepKeys(Selector old) {
        for (SelectionKey key : old.keys()) {
            ((Handler) key.attachment()).registered(key);
        }
    }

    // ---- the end ------------------------------------------------------------------------------

    /*
     * The steps of closing, in their order. Each step runs even if an earlier one has failed, and
     * none of them loads a class or links a call for the first time before everything is closed:
     * a loop may be ending because there is no memory for that.
     */
    private static final int RUN_TASKS = 0;
    private static final int CLOSE_CHANNELS = 1;
    private static final int CLOSE_SELECTOR = 2; // also frees descriptors of channels just closed
    private static final int NOTIFY_OWNER = 3;
    private static final int LOG = 4;

    /** Closes everything that belongs to the loop, whatever its state. */
    private void terminate(@Nullable Throwable cause) {
        terminated = true;
        for (int step = RUN_TASKS; step <= LOG; step++) {
            terminate(step, cause);
        }
    }

    /**
     * Runs one step until it does not fail for lack of memory; otherwise channels would stay open
     * without a loop that serves them.
     */
    private void terminate(int step, @Nullable Throwable cause) {
        for (int attempt = 0; attempt < CLOSING_ATTEMPTS; attempt++) {
            try {
                runStep(step, cause);
                return;
            } catch (OutOfMemoryError e) {
                pause();
            } catch (Throwable e) {
                logClosing(e);
                return;
            }
        }
    }

    private void runStep(int step, @Nullable Throwable cause) throws IOException {
        switch (step) {
            case RUN_TASKS -> {
                for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                    run(task);
                }
            }
            case CLOSE_CHANNELS -> owner.closeAll(cause);
            case CLOSE_SELECTOR -> selector.close();
            case NOTIFY_OWNER -> {
                owner.ended(cause);
                ended = true;
            }
            default -> {
                failureLog.flush();
                if (cause != null) {
                    log.error("{} died; all of its channels have been closed", this, cause);
                }
            }
        }
    }

    private static void pause() {
        try {
            LockSupport.parkNanos(CLOSING_PAUSE_NANOS);
        } catch (OutOfMemoryError e) {
            // then without a pause
        }
    }

    private void logClosing(Throwable failure) {
        try {
            log.error("Failure while closing {}; closing continues", this, failure);
        } catch (Throwable e) {
            // Losing a log line is better than leaving a channel open.
        }
    }

    private void close(Selector closing) {
        try {
            closing.close();
        } catch (IOException | RuntimeException e) {
            log.warn("Cannot close a selector of {}", this, e);
        }
    }

    // ---- for other threads --------------------------------------------------------------------

    /** Starts the thread. */
    public void start() {
        thread.start();
    }

    /**
     * Runs a task on the loop's thread, in its next turn. If the task throws, the failure is
     * logged.
     *
     * @param task the task
     * @return false if the loop has ended and the task will not run; if this method throws, for
     *     example for lack of memory, the task will not run either
     */
    public boolean execute(Runnable task) {
        tasks.add(task);
        if (terminated && tasks.remove(task)) {
            return false;
        }
        try {
            selector.wakeup();
        } catch (Throwable e) {
            if (tasks.remove(task)) {
                throw e;
            }
        }
        return true;
    }

    /**
     * Computes a value on the loop's thread, in its next turn.
     *
     * @param <T> the type of the value
     * @param task computes the value
     * @return a future that completes with the value or with the exception that the task throws; it
     *     is cancelled if the loop has ended
     */
    public <T> CompletableFuture<T> submit(Callable<T> task) {
        var future = new CompletableFuture<T>();
        boolean accepted =
                execute(
                        () -> {
                            try {
                                future.complete(task.call());
                            } catch (Throwable e) {
                                future.completeExceptionally(e);
                                Failures.throwIfFatal(e);
                            }
                        });
        if (!accepted) {
            future.cancel(false);
        }
        return future;
    }

    /** Ends the loop after the current turn. The owner closes the channels that are still open. */
    public void stop() {
        stopping = true;
        selector.wakeup();
    }

    /**
     * Waits for the thread to end. If the loop was never started, closes it.
     *
     * @param timeout the maximum time to wait
     * @return true if the thread has ended
     * @throws InterruptedException if the waiting thread is interrupted
     */
    public boolean join(Duration timeout) throws InterruptedException {
        if (thread.getState() == Thread.State.NEW) {
            close();
            return true;
        }
        return thread.join(timeout);
    }

    /** Closes a loop that was never started. */
    public void close() {
        terminate(null);
    }

    /**
     * Returns whether the loop has ended and its owner has been notified.
     *
     * @return true once nothing that belonged to the loop is open any more
     */
    public boolean hasEnded() {
        return ended;
    }

    /**
     * Returns the stack trace of the loop's thread.
     *
     * @return the stack trace, empty if the thread is not running
     */
    public StackTraceElement[] stackTrace() {
        return thread.getStackTrace();
    }

    /**
     * Returns the time spent working, as opposed to waiting or polling.
     *
     * @return nanoseconds since the start
     */
    public long busyNanos() {
        return busyNanos.get();
    }

    /**
     * Returns the time spent polling the selector without blocking. It is not part of {@link
     * #busyNanos}.
     *
     * @return nanoseconds since the start
     */
    public long pollingNanos() {
        return pollingNanos.get();
    }

    /**
     * Returns the number of selectors that were replaced because they kept returning early.
     *
     * @return the number since the start
     */
    public long selectorRebuilds() {
        return rebuilds.get();
    }

    // ---- for the loop's own thread ------------------------------------------------------------

    /**
     * Makes a channel non-blocking and registers it.
     *
     * @param channel the channel, of the same provider
     * @param interest the operations of interest
     * @param handler receives the channel's readiness
     * @return the key
     * @throws IOException if the channel cannot be registered
     */
    public SelectionKey register(SelectableChannel channel, int interest, Handler handler)
            throws IOException {
        assert inLoop();
        channel.configureBlocking(false);
        return channel.register(selector, interest, handler);
    }

    /**
     * Requests another report of a channel that was not fully read or written. Without this
     * request, an edge-triggered selector would not report it again.
     *
     * @param key the channel's key
     */
    public static void rearm(SelectionKey key) {
        key.interestOps(key.interestOps());
    }

    /**
     * Frees the descriptors of the channels closed in this turn. The JDK's selector would otherwise
     * keep them until the next selection.
     *
     * @throws IOException if the selection fails
     */
    public void flushClosed() throws IOException {
        assert inLoop();
        selector.selectNow(dispatcher);
    }

    /**
     * Returns the time at which this turn started its work.
     *
     * @return the time, as a value of {@link System#nanoTime()}
     */
    public long now() {
        return now;
    }

    /**
     * Returns the loop's timers.
     *
     * @return the wheel
     */
    public TimerWheel timers() {
        return timers;
    }

    /**
     * Returns whether the caller may use what belongs to the loop: either it runs on the loop's
     * thread, or that thread is not started yet.
     *
     * @return true on the loop's thread, or before it is started
     */
    public boolean inLoop() {
        return Thread.currentThread() == thread || thread.getState() == Thread.State.NEW;
    }

    @Override
    public String toString() {
        return thread.getName();
    }
}
