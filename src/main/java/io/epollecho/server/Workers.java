package io.epollecho.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads {@code echo-worker-0} and up, which run computations that would block an event loop.
 *
 * <p>The queue needs no limit: each connection has at most one computation in it.
 */
final class Workers {

    private static final Logger log = LoggerFactory.getLogger(Workers.class);

    /** A computation takes milliseconds; after this time it is considered stuck. */
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
     * Runs a computation on one of the threads. Thread-safe.
     *
     * @throws java.util.concurrent.RejectedExecutionException if the workers have been stopped
     */
    void execute(Runnable computation) {
        pool.execute(computation);
    }

    /**
     * Drops queued computations and ends the threads. If a thread is stuck, logs an error and
     * returns.
     */
    void stop() {
        pool.shutdownNow();
        try {
            if (!pool.awaitTermination(LONGEST_COMPUTATION.toNanos(), TimeUnit.NANOSECONDS)) {
                log.error("A worker thread did not end in time and is abandoned");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
