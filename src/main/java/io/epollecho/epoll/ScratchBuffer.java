package io.epollecho.epoll;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Native memory through which the bytes of heap buffers travel to and from the kernel. A platform
 * thread keeps one of its own; virtual threads share a few, because there may be a million of them.
 */
final class ScratchBuffer {

    /** The number of bytes of heap buffers that one system call carries. */
    static final int SIZE = 64 * 1024;

    /** As many as there have been transfers at once, so at most one for each carrier thread. */
    private static final Queue<ScratchBuffer> SHARED = new ConcurrentLinkedQueue<>();

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(SIZE);
    private final long address = MemorySegment.ofBuffer(bytes).address();

    /** Takes a shared buffer, to be returned by {@link #giveBack()} after the transfer. */
    static ScratchBuffer borrow() {
        ScratchBuffer buffer = SHARED.poll();
        return (buffer != null) ? buffer : new ScratchBuffer();
    }

    void giveBack() {
        SHARED.add(this);
    }

    /** Returns the memory; addressed absolutely only. */
    ByteBuffer bytes() {
        return bytes;
    }

    long address() {
        return address;
    }
}
