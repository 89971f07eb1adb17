package io.epollecho.epoll;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * An epoll(7) instance, the eventfd by which its wait is ended, and the events of the last wait.
 *
 * <p>For the selecting thread, except {@link #wakeup()}.
 */
final class Epoll {

    /** A timeout that never comes. */
    static final long FOREVER = -1;

    /** The limit of events of one wait. The kernel keeps the others for the next one. */
    private static final int MAX_EVENTS = 1024;

    private static final long NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    /** Instead of a number of events: a signal handler has run. */
    private static final int INTERRUPTED = -1;

    private final Descriptor descriptor;
    private final Wakeup wakeup;
    private final EpollEvents events;

    /** For epoll_ctl, apart from the batch that may be half processed. */
    private final EpollEvents request;

    Epoll(EpollEvents.Layout layout) throws IOException {
        this.events = new EpollEvents(layout, MAX_EVENTS);
        this.request = new EpollEvents(layout, 1);
        int fd = Libc.epollCreate(ThreadMemory.current(), Libc.EPOLL_CLOEXEC);
        if (fd < 0) {
            throw Errno.ioFailure(-fd);
        }
        this.descriptor = new Descriptor(fd);
        try {
            this.wakeup = new Wakeup();
        } catch (IOException e) {
            descriptor.close();
            throw e;
        }
        int result =
                control(
                        Libc.EPOLL_CTL_ADD,
                        wakeup.descriptor().fd(),
                        EpollEvents.EPOLLIN,
                        KeyTable.NO_KEY);
        if (result < 0) {
            close();
            throw Errno.ioFailure(-result);
        }
    }

    /** Ends the wait that is under way, or the next one. By any thread. */
    void wakeup() {
        wakeup.signal();
    }

    /** Closes the instance, which ends all its registrations. */
    void close() {
        descriptor.close();
        wakeup.close();
    }

    /** Adds, changes or removes a registration; returns zero or the negated error number. */
    int control(int operation, int fd, int wanted, long token) {
        request.set(0, wanted, token);
        return Libc.epollControl(
                ThreadMemory.current(), descriptor.fd(), operation, fd, request.address());
    }

    /**
     * Waits for events until the timeout or a wakeup, and returns their number.
     *
     * @param timeoutMillis zero not to wait, or {@link #FOREVER}
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
            // Rounded up: to return early would make a caller that waits for a deadline spin.
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
        int count =
                Libc.epollWait(
                        ThreadMemory.current(),
                        descriptor.fd(),
                        events.address(),
                        events.capacity(),
                        timeoutMillis);
        if (count >= 0) {
            return count;
        }
        if (count == -Errno.EINTR) {
            return INTERRUPTED;
        }
        throw Errno.ioFailure(-count);
    }

    /** Returns the token of an event's registration, {@link KeyTable#NO_KEY} for a wakeup. */
    long token(int index) {
        return events.data(index);
    }

    int events(int index) {
        return events.events(index);
    }

    /** Takes the wakeup, once it is among the events. */
    void takeWakeup() throws IOException {
        wakeup.take();
    }
}
