package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs each test with its preparations in a thread group of its own. Threads belong to the group of
 * the thread that starts them, so the test can tell its threads, and what they log, from those of
 * the tests that run beside it.
 */
public final class OwnThreads implements InvocationInterceptor {

    /** Returns the live platform threads that the calling test has started. */
    public static Set<Thread> ofThisTest() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        var threads = new Thread[group.activeCount() + 100];
        int count = group.enumerate(threads);
        return Arrays.stream(threads, 0, count).collect(Collectors.toSet());
    }

    /** Returns the only live thread of that name that the calling test has started. */
    static Thread named(String name) {
        List<Thread> found =
                ofThisTest().stream().filter(thread -> thread.getName().equals(name)).toList();
        assertThat(found).as("threads named " + name).hasSize(1);
        return found.getFirst();
    }

    @Override
    public void interceptBeforeEachMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> method,
            ExtensionContext context)
            throws Throwable {
        runInGroup(invocation, context);
    }

    @Override
    public void interceptTestMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> method,
            ExtensionContext context)
            throws Throwable {
        runInGroup(invocation, context);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> method,
            ExtensionContext context)
            throws Throwable {
        runInGroup(invocation, context);
    }

    @Override
    public void interceptAfterEachMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> method,
            ExtensionContext context)
            throws Throwable {
        runInGroup(invocation, context);
    }

    private static void runInGroup(Invocation<@Nullable Void> invocation, ExtensionContext context)
            throws Throwable {
        ThreadGroup group =
                context.getStore(
                                ExtensionContext.Namespace.create(
                                        OwnThreads.class, context.getUniqueId()))
                        .computeIfAbsent(
                                ThreadGroup.class,
                                _ -> new ThreadGroup(context.getDisplayName()),
                                ThreadGroup.class);
        var failure = new Throwable[1];
        var thread =
                new Thread(
                        group,
                        () -> {
                            try {
                                invocation.proceed();
                            } catch (Throwable e) {
                                failure[0] = e;
                            }
                        },
                        Thread.currentThread().getName());
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) { // by the timeout
            e.setStackTrace(thread.getStackTrace());
            thread.interrupt();
            throw e;
        }
        if (failure[0] != null) {
            throw failure[0];
        }
    }
}
