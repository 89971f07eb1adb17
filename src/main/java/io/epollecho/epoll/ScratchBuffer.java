package io.epollecho.epoll;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Native memory through which the bytes of heap buffers are copied to and from the kernel. Each
 * {@link ThreadMemory} has one as soon as it is needed.
 */
final class ScratchBuffer {

    /** The maximum number of bytes of heap buffers in one system call. */
    static final int SIZE = 64 * 1024;

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(SIZE);
    private final long address = MemorySegment.ofBuffer(bytes).address();

    /** Returns the memory. Use only absolute positions. */
    ByteBuffer bytes() {
        return bytes;
    }

    long address() {
        return address;
    }
}
