package io.epollecho.epoll;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The eventfd(2) that wakes a waiting selector, which waits for it along with its channels. It
 * stays readable until the signal is taken, so a wakeup before the wait is not lost.
 */
final class Wakeup {

    private static final VarHandle SIGNALLED;

    static {
        try {
            SIGNALLED =
                    MethodHandles.lookup().findVarHandle(Wakeup.class, "signalled", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Descriptor eventfd;

    /**
     * True while a signal is pending. Further wakeups before the next selection then cost no system
     * call. Whatever fails, it must not stay true without a signal, or no wakeup would work again.
     */
    private volatile boolean signalled;

    Wakeup() throws IOException {
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            eventfd =
                    Descriptor.opened(
                            new Descriptor(
                                    Libc.eventfd(memory, 0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK)));
        }
    }

    Descriptor descriptor() {
        return eventfd;
    }

    /** Wakes the current selection or, if there is none, the next one. Does nothing once closed. */
    void signal() {
        if ((boolean) SIGNALLED.getAndSet(this, true)) {
            return;
        }
        boolean written = false;
        try {
            if (eventfd.tryAcquire()) {
                try {
                    write();
                } finally {
                    eventfd.release();
                }
            }
            written = true;
        } finally {
            if (!written) {
                signalled = false;
            }
        }
    }

    private void write() {
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            memory.counter(1);
            long result;
            do {
                result = Libc.write(memory, eventfd.fd(), memory.optionPointer(), Long.BYTES);
            } while (result == -Errno.EINTR);
            if (result < 0) {
                throw new IllegalStateException("eventfd: " + Libc.strerror((int) -result));
            }
        }
    }

    /**
     * Takes the signal. Called by the selecting thread when epoll has reported the eventfd. The
     * order of the two steps matters: a signal that arrives between them is answered by the current
     * selection, which is about to return.
     */
    void take() throws IOException {
        try {
            int fd = eventfd.acquire();
            try {
                read(fd);
            } finally {
                eventfd.release();
            }
        } finally {
            // Use getAndSet, not an assignment: it makes the writes of every thread that saw true
            // visible here.
            boolean _ = (boolean) SIGNALLED.getAndSet(this, false);
        }
    }

    private static void read(int fd) throws IOException {
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            long result;
            do {
                result = Libc.read(memory, fd, memory.optionPointer(), Long.BYTES);
            } while (result == -Errno.EINTR);
            if (result < 0 && result != -Errno.EAGAIN) {
                throw Errno.ioFailure((int) -result);
            }
        }
    }

    void close() {
        eventfd.close();
    }
}
