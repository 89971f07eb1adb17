package io.epollecho.epoll;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** A call in a separate thread. */
final class Task<T> {

    final Thread thread;
    private final FutureTask<T> future;

    private Task(Callable<T> call) {
        future = new FutureTask<>(call);
        thread = new Thread(future, "task");
    }

    static <T> Task<T> start(Callable<T> call) {
        Task<T> task = new Task<>(call);
        task.thread.start();
        return task;
    }

    /** Waits until the thread's stack shows that a selection is in native code. */
    void awaitBlocked() {
        while (thread.isAlive() && !isPolling(thread.getStackTrace())) {
            Thread.onSpinWait();
        }
    }

    private static boolean isPolling(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            if (frame.getMethodName().equals("epollWait")
                    || (frame.getMethodName().equals("wait")
                            && frame.getClassName().endsWith("EPoll"))) {
                return true;
            }
        }
        return false;
    }

    T result() throws Exception {
        try {
            return future.get(Loopback.LONG, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw (e.getCause() instanceof Exception cause) ? cause : e;
        }
    }
}
