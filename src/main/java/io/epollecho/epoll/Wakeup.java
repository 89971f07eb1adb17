package io.epollecho.epoll;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What makes a waiting selector return: an eventfd(2) among the descriptors that it waits for. It
 * stays readable until it is taken, so a wakeup that comes too early is not lost.
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

    /** By any thread. Does nothing after the close. */
    void signal() {
        if (!signalled.getAndSet(true) && eventfd.tryAcquire()) {
            try {
                ThreadMemory memory = ThreadMemory.current();
                memory.counter(1);
                long result;
                do {
                    result = Libc.write(memory, eventfd.fd(), memory.optionPointer(), Long.BYTES);
                } while (result == -Errno.EINTR);
                if (result < 0) {
                    throw new IllegalStateException("eventfd: " + Libc.strerror((int) -result));
                }
            } finally {
                eventfd.release();
            }
        }
    }

    /**
     * By the selecting thread, when it was told of the eventfd. The order matters: what is
     * signalled between the two steps is answered by the selection that is about to return.
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
