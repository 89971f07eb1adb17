package io.epollecho.epoll;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;

/**
 * Owner of one file descriptor. The kernel hands the number of a closed descriptor to the next
 * socket that is opened, so a number that is used after its close reaches somebody else's
 * connection. That cannot happen here: whoever uses the number holds it between {@link #acquire()}
 * and {@link #release()}, and it is closed by the last one to let go.
 *
 * <p>All methods may be called by any thread. None of them waits.
 */
class Descriptor {

    // state = 2 x holders + CLOSING, until it is FREED: the descriptor has been closed.
    private static final int CLOSING = 1;
    private static final int HOLDER = 2;
    private static final int FREED = Integer.MIN_VALUE | CLOSING;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Descriptor.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int fd;

    private volatile int state;

    Descriptor(int fd) {
        this.fd = fd;
    }

    /**
     * Holds the descriptor open and returns its number.
     *
     * @throws ClosedChannelException if it has been closed; then nothing is held
     */
    final int acquire() throws ClosedChannelException {
        if (!tryAcquire()) {
            throw new ClosedChannelException();
        }
        return fd;
    }

    /**
     * As {@link #acquire()}, for those to whom a closed descriptor is no error; see {@link #fd()}.
     */
    final boolean tryAcquire() {
        if (((int) STATE.getAndAdd(this, HOLDER) & CLOSING) == 0) {
            return true;
        }
        release();
        return false;
    }

    /** The number; to be used by holders only. */
    final int fd() {
        return fd;
    }

    final void release() {
        if ((int) STATE.getAndAdd(this, -HOLDER) == HOLDER + CLOSING) {
            free();
        }
    }

    /**
     * Lets no one acquire any more, and closes the descriptor as soon as nobody holds it.
     * Idempotent.
     */
    final void close() {
        if ((int) STATE.getAndBitwiseOr(this, CLOSING) == 0) {
            free();
        }
    }

    /** Returns whether it has been closed, although holders may keep the number for now. */
    final boolean isClosing() {
        return (state & CLOSING) != 0;
    }

    /** Returns whether the number has been given back to the kernel. */
    final boolean isFreed() {
        return state < 0;
    }

    private void free() {
        // A late tryAcquire() may hold and let go again meanwhile: exactly one of us gets through.
        if (STATE.compareAndSet(this, CLOSING, FREED)) {
            int result = Libc.close(ThreadMemory.current(), fd);
            // Linux has freed the number even if close(2) was interrupted; every other error is
            // told
            // of a descriptor that is not ours, which would be a defect of this package.
            if (result < 0 && result != -Errno.EINTR) {
                throw new IllegalStateException("close(" + fd + "): " + Libc.strerror(-result));
            }
        }
    }
}
