package io.epollecho.epoll;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;

/**
 * The owner of one file descriptor. The kernel reuses the number of a closed descriptor for the
 * next socket, so a number used after the close would reach another connection. To prevent this,
 * users enclose each use in {@link #acquire()} and {@link #release()}; if the descriptor is closed
 * during a use, its last holder closes it in the kernel.
 *
 * <p>All methods may be called by any thread. None of them blocks.
 */
class Descriptor {

    // state = 2 x holders + CLOSING; finally FREED, when the descriptor has been closed.
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
        Libc.prepareClose();
    }

    private final int fd;

    private volatile int state;

    /**
     * Takes ownership of the descriptor. The call that opens it is best made in the argument: Java
     * allocates the object first, so no lack of memory can leave the descriptor without an owner.
     */
    Descriptor(int fd) {
        this.fd = fd;
    }

    /**
     * Returns the argument if its descriptor was opened.
     *
     * @throws IOException if the call that should have opened it returned a negated error number
     */
    static Descriptor opened(Descriptor descriptor) throws IOException {
        if (descriptor.fd < 0) {
            throw Errno.ioFailure(-descriptor.fd);
        }
        return descriptor;
    }

    /**
     * Holds the descriptor open and returns its number.
     *
     * @throws ClosedChannelException if it has been closed; it is not held then
     */
    final int acquire() throws ClosedChannelException {
        if (!tryAcquire()) {
            throw new ClosedChannelException();
        }
        return fd;
    }

    /**
     * Holds the descriptor open and returns true, or returns false if it has been closed. While it
     * is held, {@link #fd()} returns its number.
     */
    final boolean tryAcquire() {
        if (((int) STATE.getAndAdd(this, HOLDER) & CLOSING) == 0) {
            return true;
        }
        release();
        return false;
    }

    /** Returns the number. Only holders may use it. */
    final int fd() {
        return fd;
    }

    final void release() {
        if ((int) STATE.getAndAdd(this, -HOLDER) == HOLDER + CLOSING) {
            free();
        }
    }

    /**
     * Refuses further holders and closes the descriptor as soon as there are no holders left.
     * Idempotent. Allocates nothing.
     */
    final void close() {
        if ((int) STATE.getAndBitwiseOr(this, CLOSING) == 0) {
            free();
        }
    }

    /** Returns whether {@link #close()} has been called. Holders may still be using the number. */
    final boolean isClosing() {
        return (state & CLOSING) != 0;
    }

    /** Returns whether the descriptor has been closed in the kernel. */
    final boolean isFreed() {
        return state < 0;
    }

    private void free() {
        // A late tryAcquire() may hold and release concurrently, so close only if this exchange
        // succeeds.
        if (STATE.compareAndSet(this, CLOSING, FREED)) {
            // A failure means that this class did not own the descriptor, which would be a bug in
            // this package.
            if (Libc.close(fd) < 0) {
                throw new IllegalStateException("close(" + fd + "): not open");
            }
        }
    }
}
