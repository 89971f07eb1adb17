package io.epollecho.server;

import io.epollecho.stream.MemoryBudget;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The buffers that hold the pending bytes of the connections on one event loop.
 *
 * <p>A new buffer is exactly as large as its contents. A few used buffers are kept as spares, so
 * that bulk traffic, which fills socket buffers all the time, allocates nothing. The rest is left
 * to the garbage collector, so that many slow readers cost nothing once they have left. The spares
 * give way when the {@link MemoryBudget} is needed for other bytes.
 */
final class PendingBuffers {

    private static final int SPARE = 16;

    /**
     * A spare buffer is reused only if it is at most this many times larger than its new contents.
     */
    private static final int LARGEST_EXCESS = 4;

    private final List<ByteBuffer> spare = new ArrayList<>(SPARE);
    private final MemoryBudget budget;
    private long spareBytes;

    /**
     * Creates an empty store.
     *
     * @param budget the budget that the buffers in use count against
     */
    PendingBuffers(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Returns a buffer with the remaining bytes of {@code source}. */
    ByteBuffer keep(ByteBuffer source) {
        ByteBuffer buffer = take(source.remaining());
        budget.add(buffer.capacity());
        return buffer.put(source).flip();
    }

    private ByteBuffer take(int bytes) {
        for (int i = spare.size() - 1; i >= 0; i--) {
            int capacity = spare.get(i).capacity();
            if (capacity >= bytes
                    && capacity / LARGEST_EXCESS <= bytes
                    && budget.missing(capacity) == 0) {
                return removeSpare(i).clear();
            }
        }
        while (!spare.isEmpty() && budget.missing(spareBytes + bytes) > 0) {
            removeSpare(spare.size() - 1);
        }
        return ByteBuffer.allocate(bytes);
    }

    void release(ByteBuffer buffer) {
        budget.remove(buffer.capacity());
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
