package io.epollecho.stream;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The buffers that the layers of one event loop's connections borrow while bytes are in transit.
 *
 * <p>All buffers have the same size and are on the heap, because the JDK's TLS engine works on
 * arrays; copying them to and from the socket costs less than the engine's handling of direct
 * buffers. The pool keeps a few returned buffers for the next borrower and leaves the others to the
 * garbage collector, so that many connections cost no memory once they are idle.
 *
 * <p>Must be used by one thread only.
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
     * @param limit the memory in bytes that may be borrowed before {@code overLimit} is called
     * @param overLimit runs on the pool's thread when the borrowed memory exceeds the limit, and
     *     then not again until it has dropped to the limit or below. The buffer is lent anyway.
     *     Called from within a method of a stream, so it must not release any stream
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
     * Returns the number of borrowed buffers.
     *
     * @return the number of buffers that have not been returned
     */
    public int borrowed() {
        return borrowed;
    }

    /**
     * Returns the size of the borrowed memory.
     *
     * @return the total size in bytes of the buffers that have not been returned
     */
    public long borrowedBytes() {
        return (long) borrowed * bufferSize;
    }

    /** Lends an empty buffer, whose position is 0 and whose limit is its capacity. */
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

    /** Takes a buffer back, whatever its contents. */
    void giveBack(ByteBuffer buffer) {
        borrowed--;
        if (spare.size() < spareLimit) {
            spare.addLast(buffer);
        }
    }
}
