package io.epollecho.server;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Client threads, and timeouts that are long enough for a busy machine. */
final class Background {

    static final Duration PATIENCE = Duration.ofSeconds(30);
    static final int PATIENCE_MILLIS = (int) PATIENCE.toMillis();

    private Background() {}

    @FunctionalInterface
    interface Work {
        void run() throws Exception;
    }

    static Future<Void> run(Work work) {
        return call(() -> {
                    work.run();
                    return Boolean.TRUE;
                })
                .thenAccept(done -> {});
    }

    static <T> CompletableFuture<T> call(Callable<T> work) {
        var future = new CompletableFuture<T>();
        Thread.ofPlatform()
                .daemon()
                .name("test-client")
                .start(
                        () -> {
                            try {
                                future.complete(work.call());
                            } catch (Throwable e) {
                                future.completeExceptionally(e);
                            }
                        });
        return future;
    }

    /** Runs the work for each element on its own thread and waits for all of them. */
    static <T> void forEach(Iterable<T> elements, WorkOn<T> work) {
        var futures = new ArrayList<Future<Void>>();
        for (T element : elements) {
            futures.add(run(() -> work.run(element)));
        }
        joinAll(futures);
    }

    @FunctionalInterface
    interface WorkOn<T> {
        void run(T element) throws Exception;
    }

    static void joinAll(List<Future<Void>> futures) {
        for (Future<Void> future : futures) {
            join(future);
        }
    }

    /** Waits until the work is done. If it fails on its thread, this method fails too. */
    static void join(Future<?> future) {
        var _ = get(future);
    }

    /** Waits for the result. If the work fails on its thread, this method fails too. */
    static <T> T get(Future<T> future) {
        try {
            return future.get(2L * PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("Failed on another thread: " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("Not done in time", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted", e);
        }
    }

    static ConditionFactory await() {
        return Awaitility.await()
                .atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5));
    }
}
