package io.epollecho.server;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The buffers in which the connections of one loop keep what their peers have not taken yet, and
 * the budget for them.
 *
 * <p>A new buffer is as large as what it keeps. A few used ones wait for the next time, so that
 * bulk traffic, which fills socket buffers all the time, allocates nothing; the rest is left to the
 * garbage collector, so that a crowd of slow readers costs nothing once it has left. All of them
 * together never exceed the budget.
 */
final class PendingBuffers {

    private static final int SPARE = 16;

    /** A used buffer may be larger than what it keeps next, but not by more than this factor. */
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

    /** Returns how many bytes must be released before that many fit; 0 if they fit now. */
    long missing(long bytes) {
        return Math.max(0, used + bytes - limit);
    }

    /** Returns the budget in bytes. */
    long limit() {
        return limit;
    }

    /** Returns a buffer that holds what remains in {@code source}, for which nothing is missing. */
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
