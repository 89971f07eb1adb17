package io.epollecho.server;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The buffers in which the connections of one loop keep what their peers have not taken yet, and
 * the budget for them.
 *
 * <p>A new buffer is as large as what it keeps. A few used ones, the largest, wait for the next
 * time, so that bulk traffic, which fills socket buffers all the time, allocates nothing; the rest
 * is left to the garbage collector, so that a crowd of slow readers costs nothing once it is gone.
 */
final class PendingBuffers {

    private static final int SPARE = 16;

    private final List<ByteBuffer> spare = new ArrayList<>(SPARE);
    private final long limit;
    private long used;

    /**
     * Creates an empty store.
     *
     * @param limit the budget in bytes
     */
    PendingBuffers(long limit) {
        this.limit = limit;
    }

    /** Returns how many bytes must be released before that many fit; 0 if they fit now. */
    long missing(long bytes) {
        return Math.max(0, used + bytes - limit);
    }

    /** Returns the budget in bytes. */
    long limit() {
        return limit;
    }

    /** Returns a buffer that holds what remains in {@code source}, ready to be written. */
    ByteBuffer keep(ByteBuffer source) {
        ByteBuffer buffer = take(source.remaining());
        used += buffer.capacity();
        return buffer.put(source).flip();
    }

    private ByteBuffer take(int bytes) {
        for (int i = spare.size() - 1; i >= 0; i--) {
            if (spare.get(i).capacity() >= bytes) {
                ByteBuffer last = spare.removeLast();
                return i == spare.size() ? last.clear() : spare.set(i, last).clear();
            }
        }
        return ByteBuffer.allocate(bytes);
    }

    void release(ByteBuffer buffer) {
        used -= buffer.capacity();
        if (spare.size() < SPARE) {
            spare.add(buffer);
            return;
        }
        int smallest = 0;
        for (int i = 1; i < SPARE; i++) {
            if (spare.get(i).capacity() < spare.get(smallest).capacity()) {
                smallest = i;
            }
        }
        if (spare.get(smallest).capacity() < buffer.capacity()) {
            spare.set(smallest, buffer);
        }
    }
}
