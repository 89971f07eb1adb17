package io.epollecho.stream;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** A call on a thread of its own. */
final class InBackground<T> {

    private final FutureTask<T> future;

    private InBackground(Callable<T> call) {
        future = new FutureTask<>(call);
        Thread.ofPlatform().daemon().name("peer").start(future);
    }

    static <T> InBackground<T> start(Callable<T> call) {
        return new InBackground<>(call);
    }

    /** Returns the result, or throws what the call has thrown. */
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

    /** Returns the exception of a call that must fail. */
    Exception failure() {
        try {
            T result = result();
            throw new AssertionError("No failure but " + result);
        } catch (Exception e) {
            return e;
        }
    }
}
