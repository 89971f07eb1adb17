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
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/**
 * One thread and one selector.
 *
 * <p>A turn of the loop waits for readiness, calls the handler of each ready channel, runs the
 * tasks that other threads have left, and lets timers expire. What belongs to the loop is used on
 * its thread only, hence no locks; other threads reach it by {@link #execute} and {@link #submit}.
 *
 * <p>A handler, a task or a timer that throws costs itself. The loop ends when it is stopped, when
 * its selector fails, or when an error leaves the virtual machine unusable.
 */
public final class EventLoop {

    private static final Logger log = LoggerFactory.getLogger(EventLoop.class);

    private static final int EARLY_RETURNS_TOLERATED = 512;

    /** Receives the readiness of one channel. Called on the loop's thread. */
    public interface Handler {

        /**
         * Handles readiness; the channel may turn out not to be ready. What this throws goes to
         * {@link #failed} and no further.
         *
         * @throws IOException if the channel fails
         */
        void ready() throws IOException;

        /**
         * Takes the key that stands for the channel from now on, because the selector was replaced.
         *
         * @param key the new key
         */
        void registered(SelectionKey key);

        /**
         * Handles what {@link #ready} has thrown. This costs the handler's channel at most.
         *
         * @param cause the exception or error
         */
        void failed(Throwable cause);
    }

    /** Owns the channels that are registered with a loop. Called on the loop's thread. */
    public interface Owner {

        /**
         * Closes the channels that the selector has dropped because it could not register them.
         *
         * @param cause what the selection has thrown
         * @return whether that makes up for it; if not, the loop ends
         */
        boolean closeUnselectable(IOException cause);

        /**
         * Closes all channels, in whatever state they are: the loop ends. The selector is still
         * open.
         *
         * @param cause why the loop died, or {@code null} if it was stopped
         */
        void closeAll(@Nullable Throwable cause);

        /**
         * Takes note that the loop has ended and its selector is closed.
         *
         * @param cause why the loop died, or {@code null} if it was stopped
         */
        void ended(@Nullable Throwable cause);
    }

    /** Separates the tasks of one turn from those of the next. */
    private enum Mark implements Runnable {
        END_OF_TURN;

        @Override
        public void run() {}
    }

    private final SelectorProvider provider;
    private final Owner owner;
    private final Consumer<SelectionKey> dispatcher = this::dispatch; // one object for all turns
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final TimerWheel timers;
    private final Counter busyNanos = new Counter();
    private final Counter pollingNanos = new Counter();
    private final long busyPollNanos;
    private final Counter rebuilds = new Counter();
    private final RateLimitedLog failureLog;
    private final Thread thread;

    /** Replaced when it keeps returning early; other threads need it to wake the loop. */
    private volatile Selector selector;

    private long now = System.nanoTime();

    /** When a channel was last ready. */
    private long lastDispatch = now;

    private int earlyReturns;
    private boolean awake;
    private boolean stopping;
    private volatile boolean terminated;

    /**
     * Opens a loop whose thread, a non-daemon one, is not started yet.
     *
     * @param name the name of the loop and its thread
     * @param provider opens the selector, which must be able to register the owner's channels
     * @param owner owns the channels
     * @param busyPoll how long the loop polls the selector after a channel was ready before it
     *     sleeps in it; zero to sleep at once
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
        try {
            now = System.nanoTime();
            while (!stopping) {
                turn();
            }
            terminate(null);
        } catch (Throwable e) {
            // Close everything first, whatever it is: memory may be too short to log it.
            terminate(e);
        }
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
            awaken();
            if (!owner.closeUnselectable(e)) {
                throw e;
            }
        }
        boolean dispatched = awake;
        awaken();
        if (dispatched) {
            lastDispatch = now;
        }
        boolean ranTasks = runTasks();
        boolean timersDue = timers.advance(now);
        if (dispatched || ranTasks || timersDue) {
            earlyReturns = 0;
        } else {
            returnedEarly();
        }
    }

    /**
     * Polls until there is something to do or the time for it is over. Returns whether there is.
     * Timers may wait for the end, as a tick of theirs is about as long as the longest polling.
     */
    private boolean poll(long since) throws IOException {
        long deadline = lastDispatch + busyPollNanos;
        long time = since;
        boolean found = false;
        while (!found && time - deadline < 0) {
            selector.selectNow(dispatcher);
            found = awake || !tasks.isEmpty();
            // With a dispatch, `now` is the time when the first channel turned out to be ready.
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
     * A handler that cannot handle its failure, such as for lack of memory, costs itself as well.
     */
    private void handleFailure(Handler handler, Throwable cause) {
        try {
            handler.failed(cause);
        } catch (Throwable e) {
            Failures.throwIfFatal(e);
            logFailure("A handler of {} could not handle its failure{}", e);
        }
    }

    private void logFailure(String text, Throwable cause) {
        try {
            failureLog.log(others -> log.error(text, this, others, cause));
        } catch (OutOfMemoryError | StackOverflowError e) {
            // A lost line must not cost the loop.
        }
    }

    /** Reads the time once per turn, as soon as the wait is over. */
    private void awaken() {
        if (!awake) {
            awake = true;
            now = System.nanoTime();
        }
    }

    /**
     * Runs the tasks that are there now, and leaves those that they add to the next turn: a task
     * that adds itself again must not keep the loop from its channels. Returns whether there were
     * any.
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
     * The wait ended for no visible reason. Once is harmless, such as a leftover wakeup; but a
     * selector that keeps doing so makes the loop spin, and only a new one helps.
     */
    private void returnedEarly() throws IOException {
        if (Thread.interrupted()) { // or every further wait would return at once
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
            log.error("Cannot replace the selector of {}, which returns early: {}", this, e);
            return;
        }
        IOException failure = moveKeys(old, fresh);
        selector = fresh;
        // A task may have been left just before, with a wakeup for the old selector.
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

    /** Returns why a channel could not be registered again, or {@code null} if all could. */
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

    /** Closes everything that lives on the loop, in whatever state it was left. */
    private void terminate(@Nullable Throwable cause) {
        terminated = true;
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            guarded(task);
        }
        guarded(() -> owner.closeAll(cause));
        // Closing the selector also frees the descriptors of the channels closed just now.
        close(selector);
        guarded(() -> owner.ended(cause));
        guarded(failureLog::flush);
        if (cause != null) {
            log.error("{} died; everything on it is closed", this, cause);
        }
    }

    /** A step that fails must not prevent the next ones. */
    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            log.error("{} continues closing after a failure", this, e);
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
     * Runs a task on the loop's thread, in its next turn. A task that throws is logged.
     *
     * @param task the task
     * @return false if the loop has ended; the task does not run then
     */
    public boolean execute(Runnable task) {
        tasks.add(task);
        if (terminated && tasks.remove(task)) {
            return false;
        }
        selector.wakeup();
        return true;
    }

    /**
     * Computes a value on the loop's thread, in its next turn.
     *
     * @param <T> the type of the value
     * @param task computes the value
     * @return completes with the value or with what the task throws; with a {@link
     *     CancellationException} if the loop has ended
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
        execute(() -> stopping = true);
    }

    /**
     * Waits for the thread to end. A loop that was never started is closed here.
     *
     * @param timeout how long to wait at most
     * @return whether it has ended
     * @throws InterruptedException if the waiting thread is interrupted
     */
    public boolean join(Duration timeout) throws InterruptedException {
        if (thread.getState() == Thread.State.NEW) {
            terminate(null);
            return true;
        }
        return thread.join(timeout);
    }

    /**
     * Returns where the loop's thread is.
     *
     * @return its stack, empty if it does not run
     */
    public StackTraceElement[] stackTrace() {
        return thread.getStackTrace();
    }

    /**
     * Returns the time spent on work rather than on waiting for it.
     *
     * @return nanoseconds since the start
     */
    public long busyNanos() {
        return busyNanos.get();
    }

    /**
     * Returns the time spent polling the selector instead of sleeping in it, which is none of the
     * time spent on work.
     *
     * @return nanoseconds since the start
     */
    public long pollingNanos() {
        return pollingNanos.get();
    }

    /**
     * Returns how many selectors were replaced because they kept returning early.
     *
     * @return their number since the start
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
     * Asks for the channel to be reported again although not everything was read or written. An
     * edge-triggered selector would not report it by itself.
     *
     * @param key the channel's key
     */
    public static void rearm(SelectionKey key) {
        key.interestOps(key.interestOps());
    }

    /**
     * Frees the descriptors of the channels closed in this turn, which the JDK's selector postpones
     * to the next selection.
     *
     * @throws IOException if the selection fails
     */
    public void flushClosed() throws IOException {
        assert inLoop();
        selector.selectNow(dispatcher);
    }

    /**
     * Returns the time of this turn.
     *
     * @return a {@link System#nanoTime()}
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
     * Returns whether the caller may use what belongs to the loop: it is the loop's thread, or that
     * is not started yet.
     *
     * @return true on the loop's thread
     */
    public boolean inLoop() {
        return Thread.currentThread() == thread || thread.getState() == Thread.State.NEW;
    }

    @Override
    public String toString() {
        return thread.getName();
    }
}
