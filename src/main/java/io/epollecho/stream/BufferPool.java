package io.epollecho.stream;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The buffers that the layers of one event loop's connections borrow while bytes are on their way.
 *
 * <p>All are of one size, and on the heap: the JDK's TLS engine works on arrays, and copying their
 * content to and from the socket costs less than the engine's way around direct buffers. A few that
 * have come back wait for the next borrower; the rest is left to the garbage collector, so that a
 * crowd of busy connections costs nothing once it is at rest.
 *
 * <p>For one thread.
 */
public final class BufferPool {

    private final int bufferSize;
    private final int spareLimit;
    private final long limit;
    private final Runnable overLimit;
    private final Deque<ByteBuffer> spare;
    private int borrowed;

    /**
     * Creates a pool without buffers and without a limit.
     *
     * @param bufferSize the size of each buffer in bytes
     * @param spareLimit the number of unused buffers to keep
     */
    public BufferPool(int bufferSize, int spareLimit) {
        this(bufferSize, spareLimit, Long.MAX_VALUE, () -> {});
    }

    /**
     * Creates a pool without buffers; they are allocated when they are first needed.
     *
     * @param bufferSize the size of each buffer in bytes
     * @param spareLimit the number of unused buffers to keep
     * @param limit the memory in bytes that may be borrowed without a call of {@code overLimit}
     * @param overLimit runs on the pool's thread when the borrowed memory exceeds the limit, and
     *     not again until it has been back within it. The buffer is lent all the same. The call
     *     comes from within a method of a stream, so no stream may be released during it
     */
    public BufferPool(int bufferSize, int spareLimit, long limit, Runnable overLimit) {
        this.bufferSize = bufferSize;
        this.spareLimit = spareLimit;
        this.limit = limit;
        this.overLimit = overLimit;
        this.spare = new ArrayDeque<>(spareLimit);
    }

    /**
     * Returns the size of each buffer.
     *
     * @return the size in bytes
     */
    public int bufferSize() {
        return bufferSize;
    }

    /**
     * Returns how many buffers are borrowed now.
     *
     * @return the number of buffers that have not come back
     */
    public int borrowed() {
        return borrowed;
    }

    /**
     * Returns how much memory is borrowed now.
     *
     * @return the bytes of all buffers that have not come back
     */
    public long borrowedBytes() {
        return (long) borrowed * bufferSize;
    }

    /** Lends an empty buffer: its position is 0 and its limit is its capacity. */
    ByteBuffer borrow() {
        ByteBuffer buffer = spare.pollLast();
        if (buffer == null) {
            buffer = ByteBuffer.allocate(bufferSize);
        }
        boolean wasWithin = borrowedBytes() <= limit;
        borrowed++;
        if (wasWithin && borrowedBytes() > limit) {
            overLimit.run();
        }
        return buffer.clear();
    }

    /** Takes a buffer back, whatever is in it. */
    void giveBack(ByteBuffer buffer) {
        borrowed--;
        if (spare.size() < spareLimit) {
            spare.addLast(buffer);
        }
    }
}
