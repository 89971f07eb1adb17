package io.epollecho.server;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The buffers that hold the pending bytes of the connections on one event loop, and their budget.
 *
 * <p>A new buffer is exactly as large as its contents. A few used buffers are kept as spares, so
 * that bulk traffic, which fills socket buffers all the time, allocates nothing. The rest is left
 * to the garbage collector, so that many slow readers cost nothing once they have left. All buffers
 * together never exceed the budget.
 */
final class PendingBuffers {

    private static final int SPARE = 16;

    /**
     * A spare buffer is reused only if it is at most this many times larger than its new contents.
     */
    private static final int LARGEST_EXCESS = 4;

    private final List<ByteBuffer> spare = new ArrayList<>(SPARE);
    private final long limit;
    private long used;
    private long spareBytes;

    /**
     * Creates an empty store.
     *
     * @param limit the budget in bytes
     */
    PendingBuffers(long limit) {
        this.limit = limit;
    }

    /** Returns the number of bytes to release before the given number fits; 0 if it fits now. */
    long missing(long bytes) {
        return Math.max(0, used + bytes - limit);
    }

    /** Returns the budget in bytes. */
    long limit() {
        return limit;
    }

    /**
     * Returns a buffer with the remaining bytes of {@code source}. Requires that they fit into the
     * budget.
     */
    ByteBuffer keep(ByteBuffer source) {
        ByteBuffer buffer = take(source.remaining());
        used += buffer.capacity();
        return buffer.put(source).flip();
    }

    private ByteBuffer take(int bytes) {
        for (int i = spare.size() - 1; i >= 0; i--) {
            int capacity = spare.get(i).capacity();
            if (capacity >= bytes && capacity / LARGEST_EXCESS <= bytes) {
                return removeSpare(i).clear();
            }
        }
        while (used + spareBytes + bytes > limit) {
            removeSpare(spare.size() - 1);
        }
        return ByteBuffer.allocate(bytes);
    }

    void release(ByteBuffer buffer) {
        used -= buffer.capacity();
        if (spare.size() == SPARE) {
            int smallest = smallestSpare();
            if (spare.get(smallest).capacity() >= buffer.capacity()) {
                return;
            }
            removeSpare(smallest);
        }
        spare.add(buffer);
        spareBytes += buffer.capacity();
    }

    private int smallestSpare() {
        int smallest = 0;
        for (int i = 1; i < spare.size(); i++) {
            if (spare.get(i).capacity() < spare.get(smallest).capacity()) {
                smallest = i;
            }
        }
        return smallest;
    }

    private ByteBuffer removeSpare(int index) {
        ByteBuffer last = spare.removeLast();
        ByteBuffer removed = index == spare.size() ? last : spare.set(index, last);
        spareBytes -= removed.capacity();
        return removed;
    }
}
