package io.epollecho.loop;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A watchdog that detects event loops that make no progress. It queues a heartbeat task on each
 * loop at intervals; a loop that does not run the task in time is stuck, and so is a loop that has
 * ended without notifying its owner. The watchdog runs on its own daemon thread, because a stuck
 * loop cannot report itself.
 *
 * <p>The watchdog's time stands still while the watchdog itself does not run. A pause of the whole
 * process, however long, therefore makes no loop look stuck.
 */
public final class Watchdog {

    private static final Logger log = LoggerFactory.getLogger(Watchdog.class);

    /** A stuck loop is detected within the patience and two intervals: less than two seconds. */
    private static final Duration INTERVAL = Duration.ofMillis(200);

    private static final long PATIENCE_NANOS = Duration.ofMillis(1500).toNanos();

    /** The time that may pass between two checks; the rest is a pause of the process. */
    private static final long LONGEST_STEP_NANOS = INTERVAL.multipliedBy(2).toNanos();

    private final List<Watched> watched;
    private final Consumer<Boolean> onChange;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;
    private long lastCheck = System.nanoTime();
    private boolean stalled;

    /** The failure of an earlier check that is not logged yet. */
    private @Nullable Throwable failure;

    /**
     * Creates a watchdog that is not started yet.
     *
     * @param name the name of its thread
     * @param loops the loops to watch
     * @param onChange receives true when the first loop gets stuck, and false when all loops make
     *     progress again; called on the watchdog's thread, and called again with the same value if
     *     it throws
     */
    public Watchdog(String name, List<EventLoop> loops, Consumer<Boolean> onChange) {
        this.watched = loops.stream().map(Watched::new).toList();
        this.onChange = onChange;
        this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    }

    /** Starts watching. */
    public void start() {
        thread.start();
    }

    /** Stops watching. A check that is in progress may still report a change. */
    public void stop() {
        stopped.countDown();
    }

    private void run() {
        while (true) {
            try {
                if (stopped.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                check();
            } catch (Throwable e) {
                // Logged by the next check: if memory is exhausted, logging would fail here too,
                // and end the thread.
                failure = e;
            }
        }
    }

    /** Runs one check. */
    void check() {
        long now = System.nanoTime();
        long passed = Math.min(now - lastCheck, LONGEST_STEP_NANOS);
        lastCheck = now;
        boolean anyStuck = false;
        for (int i = 0; i < watched.size(); i++) {
            anyStuck |= watched.get(i).isStuck(passed);
        }
        if (anyStuck != stalled) {
            onChange.accept(anyStuck);
            stalled = anyStuck;
        }
        Throwable failed = failure;
        if (failed != null) {
            failure = null;
            log.error("A check of the watchdog failed; checks continue", failed);
        }
    }

    /** A loop and the state of its last heartbeat task. */
    private static final class Watched {

        private final EventLoop loop;
        private final Runnable beat = this::beat;

        /** The number of the last heartbeat. Written by the watchdog only. */
        private volatile int asked;

        /** The number of the last heartbeat that the loop has run. Written by the loop only. */
        private volatile int answered;

        /** The time since the last heartbeat was queued. */
        private long waitedNanos;

        private boolean reported;

        Watched(EventLoop loop) {
            this.loop = loop;
        }

        /** Checks the loop, given the time that has passed since the last check. */
        boolean isStuck(long passedNanos) {
            waitedNanos += passedNanos;
            if (loop.hasEnded()) {
                return false; // its owner has been notified
            }
            if (answered == asked) {
                recovered();
                ask();
                return false;
            }
            boolean stuck = waitedNanos >= PATIENCE_NANOS;
            if (stuck && !reported) {
                reported = true;
                log.error("{} has made no progress for {} ms:{}", loop, waitedMillis(), stack());
            }
            return stuck;
        }

        private void recovered() {
            if (reported) {
                reported = false;
                log.warn("{} makes progress again after {} ms", loop, waitedMillis());
            }
        }

        /**
         * Queues a heartbeat. A loop that does not accept it any more is about to end; if its owner
         * is never notified, the heartbeat stays unanswered.
         */
        private void ask() {
            waitedNanos = 0;
            int before = asked;
            asked = before + 1; // before the task can run
            try {
                loop.execute(beat);
            } catch (Throwable e) {
                asked = before; // the task will not run
                throw e;
            }
        }

        private void beat() {
            answered = asked;
        }

        private String stack() {
            return Arrays.stream(loop.stackTrace())
                    .map(frame -> "\n\tat " + frame)
                    .collect(Collectors.joining());
        }

        private long waitedMillis() {
            return Duration.ofNanos(waitedNanos).toMillis();
        }
    }
}
