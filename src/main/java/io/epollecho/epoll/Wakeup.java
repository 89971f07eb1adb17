package io.epollecho.epoll;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The eventfd(2) that makes a waiting selector return, being one of the descriptors it waits for.
 * It stays readable until it is taken, so a wakeup that comes too early is not lost.
 */
final class Wakeup {

    private final Descriptor eventfd;

    /** Any number of wakeups between two selections cost one system call. */
    private final AtomicBoolean signalled = new AtomicBoolean();

    Wakeup() throws IOException {
        int fd = Libc.eventfd(ThreadMemory.current(), 0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (fd < 0) {
            throw Errno.ioFailure(-fd);
        }
        eventfd = new Descriptor(fd);
    }

    Descriptor descriptor() {
        return eventfd;
    }

    /** Makes a selection return, the one under way or the next. Does nothing after the close. */
    void signal() {
        // Before the flag is set: a thread may have no memory yet, and fail to get it.
        ThreadMemory memory = ThreadMemory.current();
        if (!signalled.getAndSet(true) && eventfd.tryAcquire()) {
            try {
                memory.counter(1);
                long result;
                do {
                    result = Libc.write(memory, eventfd.fd(), memory.optionPointer(), Long.BYTES);
                } while (result == -Errno.EINTR);
                if (result < 0) {
                    signalled.set(false);
                    throw new IllegalStateException("eventfd: " + Libc.strerror((int) -result));
                }
            } finally {
                eventfd.release();
            }
        }
    }

    /**
     * Takes the signal, in the selecting thread, once epoll has reported the eventfd. The order of
     * the two steps matters: a signal between them is answered by the selection about to return.
     */
    void take() throws IOException {
        ThreadMemory memory = ThreadMemory.current();
        long result;
        do {
            result = Libc.read(memory, eventfd.acquire(), memory.optionPointer(), Long.BYTES);
            eventfd.release();
        } while (result == -Errno.EINTR);
        if (result < 0 && result != -Errno.EAGAIN) {
            throw Errno.ioFailure((int) -result);
        }
        // Written and not just set: whoever signalled before and saw true has its writes seen here.
        signalled.getAndSet(false);
    }

    void close() {
        eventfd.close();
    }
}
