package io.epollecho.epoll;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Native memory through which the bytes of heap buffers are copied to and from the kernel. Each
 * platform thread keeps its own; virtual threads share a few, because there may be a million
 * threads.
 */
final class ScratchBuffer {

    /** The maximum number of bytes of heap buffers in one system call. */
    static final int SIZE = 64 * 1024;

    /**
     * The shared buffers: as many as the maximum number of concurrent transfers, so at most one for
     * each carrier thread.
     */
    private static final Queue<ScratchBuffer> SHARED = new ConcurrentLinkedQueue<>();

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(SIZE);
    private final long address = MemorySegment.ofBuffer(bytes).address();

    /** Returns a shared buffer. Call {@link #giveBack()} after the transfer. */
    static ScratchBuffer borrow() {
        ScratchBuffer buffer = SHARED.poll();
        return (buffer != null) ? buffer : new ScratchBuffer();
    }

    void giveBack() {
        SHARED.add(this);
    }

    /** Returns the memory. Use only absolute positions. */
    ByteBuffer bytes() {
        return bytes;
    }

    long address() {
        return address;
    }
}
