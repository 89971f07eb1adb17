package io.epollecho.server;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * The buffers of one loop in which connections keep what their peers have not taken yet. A few are
 * kept for the next time, so that bulk traffic, which fills socket buffers all the time, allocates
 * nothing; the rest is left to the garbage collector, so that a crowd of slow readers costs nothing
 * once it is gone.
 */
final class PendingBuffers {

    private static final int KEPT = 16;

    private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>(KEPT);
    private final int size;

    PendingBuffers(int size) {
        this.size = size;
    }

    /** Returns a buffer that holds what remains in {@code source}, ready to be written. */
    ByteBuffer keep(ByteBuffer source) {
        ByteBuffer buffer = free.isEmpty() ? ByteBuffer.allocate(size) : free.pop().clear();
        return buffer.put(source).flip();
    }

    void release(ByteBuffer buffer) {
        if (free.size() < KEPT) {
            free.push(buffer);
        }
    }
}
