package io.epollecho.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads {@code echo-worker-0} and up, for computations that would hold up an event loop.
 *
 * <p>The queue needs no limit of its own: each connection has at most one computation in it.
 */
final class Workers {

    private static final Logger log = LoggerFactory.getLogger(Workers.class);

    /** A computation takes milliseconds; one that takes longer is stuck. */
    private static final Duration LONGEST_COMPUTATION = Duration.ofSeconds(5);

    private final ExecutorService pool;

    Workers(int threads) {
        var number = new AtomicInteger();
        pool =
                Executors.newFixedThreadPool(
                        threads,
                        task ->
                                Thread.ofPlatform()
                                        .name("echo-worker-" + number.getAndIncrement())
                                        .daemon()
                                        .unstarted(task));
    }

    /**
     * Runs a computation on one of the threads. For any thread.
     *
     * @throws java.util.concurrent.RejectedExecutionException if the workers have been stopped
     */
    void execute(Runnable computation) {
        pool.execute(computation);
    }

    /** Drops what waits and ends the threads. Returns without them if one of them is stuck. */
    void stop() {
        pool.shutdownNow();
        try {
            if (!pool.awaitTermination(LONGEST_COMPUTATION.toNanos(), TimeUnit.NANOSECONDS)) {
                log.error("A worker thread does not end and is left behind");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
