package io.epollecho.server;

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
 * Sees to it that the loops turn: leaves each of them a task now and then, and if that is not run
 * in time, the loop is stuck. A thread of its own, as a stuck loop can tell of nothing.
 */
final class Watchdog implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(Watchdog.class);

    /**
     * A stuck loop is noticed after the patience and two intervals at the latest: within two
     * seconds.
     */
    private static final Duration INTERVAL = Duration.ofMillis(200);

    private static final long PATIENCE_NANOS = Duration.ofMillis(1500).toNanos();

    private final List<Watched> watched;
    private final Consumer<Boolean> onChange;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;
    private boolean stalled;

    /**
     * Begins to watch.
     *
     * @param loops the loops
     * @param onChange is told true when a loop is stuck and none was, and false when none is any
     *     more; called on the watchdog's thread
     */
    Watchdog(List<EventLoop> loops, Consumer<Boolean> onChange) {
        this.watched = loops.stream().map(Watched::new).toList();
        this.onChange = onChange;
        this.thread = Thread.ofPlatform().name("echo-server-watchdog").daemon(true).unstarted(this);
    }

    void start() {
        thread.start();
    }

    void stop() {
        stopped.countDown();
    }

    @Override
    public void run() {
        try {
            while (!stopped.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                check();
            }
        } catch (InterruptedException e) {
            log.warn("The watchdog was interrupted: stuck event loops will not be noticed");
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

    /** One loop, and the heartbeat that it was given last. */
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
                    log.warn("{} goes on after {} ms", loop, millisSince(givenAt, now));
                }
                returned = false;
                givenAt = now;
                if (!loop.execute(this::beat)) {
                    returned = true; // it has ended, which others tell of
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
            return Arrays.stream(loop.thread().getStackTrace())
                    .map(frame -> "\n\tat " + frame)
                    .collect(Collectors.joining());
        }

        private static long millisSince(long then, long now) {
            return Duration.ofNanos(now - then).toMillis();
        }
    }
}
