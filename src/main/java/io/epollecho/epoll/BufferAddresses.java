package io.epollecho.epoll;

import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A cache of the native addresses of the direct buffers that were used last. Obtaining an address
 * creates a memory segment, whose allocation the compiler can eliminate only if it inlines deeply
 * enough. An event loop that reads and writes with the same few buffers finds their addresses here
 * and allocates nothing.
 *
 * <p>Must be used by one thread at a time. Does not prevent the buffers from being
 * garbage-collected.
 */
final class BufferAddresses {

    private static final int CAPACITY = 4;

    private final Entry[] entries = new Entry[CAPACITY];

    private int oldest;

    BufferAddresses() {
        Arrays.fill(entries, new Entry(ByteBuffer.allocate(0), 0));
    }

    /**
     * Returns the address of a position in a direct buffer. The position must be below the limit.
     * The caller must keep the buffer reachable until the system call has returned.
     *
     * @throws IllegalStateException if the buffer's arena is closed
     * @throws WrongThreadException if the buffer's arena is confined to another thread
     */
    long address(ByteBuffer direct, int position) {
        direct.get(position); // throws the two exceptions
        for (Entry entry : entries) {
            if (entry.refersTo(direct)) {
                return entry.base + position;
            }
        }
        long base = MemorySegment.ofBuffer(direct).address() - direct.position();
        entries[oldest] = new Entry(direct, base);
        oldest = (oldest + 1) % CAPACITY;
        return base + position;
    }

    private static final class Entry extends WeakReference<ByteBuffer> {

        private final long base;

        Entry(ByteBuffer buffer, long base) {
            super(buffer);
            this.base = base;
        }
    }
}
