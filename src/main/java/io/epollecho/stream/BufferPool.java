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
 * <p>A borrowed buffer counts against the {@link MemoryBudget} of the borrower.
 *
 * <p>Must be used by one thread only.
 */
public final class BufferPool {

    private final int bufferSize;
    private final int spareLimit;
    private final Deque<ByteBuffer> spare;
    private int borrowed;

    /**
     * Creates a pool without buffers; they are allocated when they are first needed.
     *
     * @param bufferSize the size of each buffer in bytes
     * @param spareLimit the number of unused buffers to keep
     */
    public BufferPool(int bufferSize, int spareLimit) {
        this.bufferSize = bufferSize;
        this.spareLimit = spareLimit;
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

    /** Lends an empty buffer, whose position is 0 and whose limit is its capacity. */
    ByteBuffer borrow(MemoryBudget.Account borrower) {
        borrower.add(bufferSize);
        ByteBuffer buffer = spare.pollLast();
        if (buffer == null) {
            buffer = allocate(borrower);
        }
        borrowed++;
        return buffer.clear();
    }

    private ByteBuffer allocate(MemoryBudget.Account borrower) {
        try {
            return ByteBuffer.allocate(bufferSize);
        } catch (OutOfMemoryError e) {
            borrower.remove(bufferSize);
            throw e;
        }
    }

    /** Takes a buffer back, whatever its contents. */
    void giveBack(ByteBuffer buffer, MemoryBudget.Account borrower) {
        borrower.remove(bufferSize);
        borrowed--;
        if (spare.size() < spareLimit) {
            spare.addLast(buffer);
        }
    }
}
