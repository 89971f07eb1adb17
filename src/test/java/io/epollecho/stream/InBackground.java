package io.epollecho.stream;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** A call on a separate thread. */
final class InBackground<T> {

    private final FutureTask<T> future;

    private InBackground(Callable<T> call) {
        future = new FutureTask<>(call);
        Thread.ofPlatform().daemon().name("peer").start(future);
    }

    static <T> InBackground<T> start(Callable<T> call) {
        return new InBackground<>(call);
    }

    /** Returns the result, or throws the exception that the call threw. */
    T result() throws Exception {
        try {
            return future.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    /** Returns the exception of the call, which must fail. */
    Exception failure() {
        try {
            T result = result();
            throw new AssertionError("Expected a failure, but the call returned " + result);
        } catch (Exception e) {
            return e;
        }
    }
}
