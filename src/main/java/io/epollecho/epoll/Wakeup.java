package io.epollecho.epoll;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The eventfd(2) that wakes a waiting selector, which waits for it along with its channels. It
 * stays readable until the signal is taken, so a wakeup before the wait is not lost.
 */
final class Wakeup {

    private final Descriptor eventfd;

    /**
     * True while a signal is pending. Further wakeups before the next selection then cost no system
     * call.
     */
    private final AtomicBoolean signalled = new AtomicBoolean();

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
        // Get the memory before setting the flag: its allocation can fail on a thread's first call.
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            if (!signalled.getAndSet(true) && eventfd.tryAcquire()) {
                try {
                    write(memory);
                } finally {
                    eventfd.release();
                }
            }
        }
    }

    private void write(ThreadMemory memory) {
        memory.counter(1);
        long result;
        do {
            result = Libc.write(memory, eventfd.fd(), memory.optionPointer(), Long.BYTES);
        } while (result == -Errno.EINTR);
        if (result < 0) {
            signalled.set(false);
            throw new IllegalStateException("eventfd: " + Libc.strerror((int) -result));
        }
    }

    /**
     * Takes the signal. Called by the selecting thread when epoll has reported the eventfd. The
     * order of the two steps matters: a signal that arrives between them is answered by the current
     * selection, which is about to return.
     */
    void take() throws IOException {
        long result;
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            do {
                result = Libc.read(memory, eventfd.acquire(), memory.optionPointer(), Long.BYTES);
                eventfd.release();
            } while (result == -Errno.EINTR);
        }
        if (result < 0 && result != -Errno.EAGAIN) {
            throw Errno.ioFailure((int) -result);
        }
        // Use getAndSet, not set: it makes the writes of every thread that saw true visible here.
        signalled.getAndSet(false);
    }

    void close() {
        eventfd.close();
    }
}
