package io.epollecho.epoll;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;

/**
 * The owner of one file descriptor. The kernel gives the number of a closed descriptor to the next
 * socket that is opened, so a number used after its close would reach another connection. To
 * prevent that, users hold the number between {@link #acquire()} and {@link #release()}, and the
 * last holder closes it.
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
     * As {@link #acquire()}, for callers to which a closed descriptor is no error; returns false
     * then. The number is {@link #fd()}.
     */
    final boolean tryAcquire() {
        if (((int) STATE.getAndAdd(this, HOLDER) & CLOSING) == 0) {
            return true;
        }
        release();
        return false;
    }

    /** Returns the number, for holders only. */
    final int fd() {
        return fd;
    }

    final void release() {
        if ((int) STATE.getAndAdd(this, -HOLDER) == HOLDER + CLOSING) {
            free();
        }
    }

    /** Refuses further holders, and closes the descriptor as soon as there are none. Idempotent. */
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
        // A late tryAcquire() may hold and release meanwhile: exactly one of the two gets through.
        if (STATE.compareAndSet(this, CLOSING, FREED)) {
            int result = Libc.close(ThreadMemory.current(), fd);
            // Linux has freed the number even if close(2) was interrupted. Every other error means
            // that the descriptor was not ours, which would be a defect of this package.
            if (result < 0 && result != -Errno.EINTR) {
                throw new IllegalStateException("close(" + fd + "): " + Libc.strerror(-result));
            }
        }
    }
}
