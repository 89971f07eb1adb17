package io.epollecho.loop;

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
 * loop at intervals; a loop that does not run the task in time is stuck. The watchdog runs on its
 * own daemon thread, because a stuck loop cannot report itself.
 */
public final class Watchdog {

    private static final Logger log = LoggerFactory.getLogger(Watchdog.class);

    /** A stuck loop is detected within the patience and two intervals: less than two seconds. */
    private static final Duration INTERVAL = Duration.ofMillis(200);

    private static final long PATIENCE_NANOS = Duration.ofMillis(1500).toNanos();

    private final List<Watched> watched;
    private final Consumer<Boolean> onChange;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;
    private boolean stalled;

    /**
     * Creates a watchdog that is not started yet.
     *
     * @param name the name of its thread
     * @param loops the loops to watch
     * @param onChange receives true when the first loop gets stuck, and false when all loops make
     *     progress again; called on the watchdog's thread
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
        try {
            while (!stopped.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                tryCheck();
            }
        } catch (InterruptedException e) {
            log.warn("Watchdog interrupted: stuck event loops are no longer detected");
        }
    }

    /** Runs one check. If it fails, for example for lack of memory, the next check still runs. */
    private void tryCheck() {
        try {
            check();
        } catch (RuntimeException | OutOfMemoryError e) {
            log.error("Watchdog check failed; the next check follows as usual", e);
        }
    }

    private void check() {
        long now = System.nanoTime();
        boolean anyStuck = false;
        for (Watched loop : watched) {
            anyStuck |= loop.isStuck(now);
        }
        if (anyStuck != stalled) {
            stalled = anyStuck;
            onChange.accept(anyStuck);
        }
    }

    /** A loop and the state of its last heartbeat task. */
    private static final class Watched {

        private final EventLoop loop;
        private volatile boolean returned = true;
        private long givenAt;
        private boolean reported;

        Watched(EventLoop loop) {
            this.loop = loop;
        }

        boolean isStuck(long now) {
            if (returned) {
                if (reported) {
                    reported = false;
                    log.warn(
                            "{} makes progress again after {} ms", loop, millisSince(givenAt, now));
                }
                returned = false;
                givenAt = now;
                boolean given = false;
                try {
                    given = loop.execute(this::beat);
                } finally {
                    // A loop that has ended is not stuck; its owner reports the end.
                    returned |= !given;
                }
                return false;
            }
            boolean stuck = now - givenAt >= PATIENCE_NANOS;
            if (stuck && !reported) {
                reported = true;
                log.error(
                        "{} has made no progress for {} ms:{}",
                        loop,
                        millisSince(givenAt, now),
                        stack());
            }
            return stuck;
        }

        private void beat() {
            returned = true;
        }

        private String stack() {
            return Arrays.stream(loop.stackTrace())
                    .map(frame -> "\n\tat " + frame)
                    .collect(Collectors.joining());
        }

        private static long millisSince(long then, long now) {
            return Duration.ofNanos(now - then).toMillis();
        }
    }
}
