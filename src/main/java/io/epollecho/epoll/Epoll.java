package io.epollecho.epoll;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * An epoll(7) instance, the eventfd that wakes it, and the events of the last wait.
 *
 * <p>All methods except {@link #wakeup()} must be called by the selecting thread.
 */
final class Epoll {

    /** The timeout that waits without a limit. */
    static final long FOREVER = -1;

    /** The maximum number of events per wait. The kernel keeps further events for the next wait. */
    private static final int MAX_EVENTS = 1024;

    private static final long NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    /** Returned instead of a number of events if a signal handler interrupted the wait. */
    private static final int INTERRUPTED = -1;

    private final Descriptor descriptor;
    private final Wakeup wakeup;
    private final EpollEvents events;

    /** The argument of epoll_ctl; separate from {@link #events}, which may be partly processed. */
    private final EpollEvents request;

    Epoll(EpollEvents.Layout layout) throws IOException {
        this.events = new EpollEvents(layout, MAX_EVENTS);
        this.request = new EpollEvents(layout, 1);
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            this.descriptor =
                    Descriptor.opened(new Descriptor(Libc.epollCreate(memory, Libc.EPOLL_CLOEXEC)));
        }
        try {
            this.wakeup = new Wakeup();
            int result =
                    control(
                            Libc.EPOLL_CTL_ADD,
                            wakeup.descriptor().fd(),
                            EpollEvents.EPOLLIN,
                            KeyTable.NO_KEY);
            if (result < 0) {
                throw Errno.ioFailure(-result);
            }
        } catch (Throwable t) {
            close();
            throw t;
        }
    }

    /** Ends the current wait or, if there is none, the next one. May be called by any thread. */
    void wakeup() {
        wakeup.signal();
    }

    /** Closes the instance, which removes all of its registrations. */
    void close() {
        try {
            descriptor.close();
        } finally {
            if (wakeup != null) {
                wakeup.close();
            }
        }
    }

    /** Adds, changes or removes a registration. Returns zero or the negated error number. */
    int control(int operation, int fd, int wanted, long token) {
        request.set(0, wanted, token);
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            return Libc.epollControl(memory, descriptor.fd(), operation, fd, request.address());
        }
    }

    /**
     * Waits for events until the timeout or a wakeup, and returns their number.
     *
     * @param timeoutMillis the timeout in milliseconds, zero to return immediately, or {@link
     *     #FOREVER}
     */
    int await(long timeoutMillis) throws IOException {
        if (timeoutMillis == 0) {
            return Math.max(0, poll(0));
        }
        return (timeoutMillis == FOREVER) ? awaitForever() : awaitUntil(timeoutMillis);
    }

    private int awaitForever() throws IOException {
        int count;
        do {
            count = poll(-1);
        } while (count == INTERRUPTED);
        return count;
    }

    private int awaitUntil(long timeoutMillis) throws IOException {
        long timeout = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        long start = System.nanoTime();
        long remaining = timeout;
        while (true) {
            // Round up: if this returned early, a caller that waits for a deadline would spin.
            long millis = Math.ceilDiv(remaining, NANOS_PER_MILLI);
            int count = poll((int) Math.min(millis, Integer.MAX_VALUE));
            if (count > 0) {
                return count;
            }
            remaining = timeout - (System.nanoTime() - start);
            if (remaining <= 0) {
                return 0;
            }
        }
    }

    private int poll(int timeoutMillis) throws IOException {
        int count;
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            count =
                    Libc.epollWait(
                            memory,
                            descriptor.fd(),
                            events.address(),
                            events.capacity(),
                            timeoutMillis);
        }
        if (count >= 0) {
            return count;
        }
        if (count == -Errno.EINTR) {
            return INTERRUPTED;
        }
        throw Errno.ioFailure(-count);
    }

    /** Returns the token of an event's registration, or {@link KeyTable#NO_KEY} for a wakeup. */
    long token(int index) {
        return events.data(index);
    }

    int events(int index) {
        return events.events(index);
    }

    /** Consumes the wakeup. Must be called when the wakeup is among the events. */
    void takeWakeup() throws IOException {
        wakeup.take();
    }
}
