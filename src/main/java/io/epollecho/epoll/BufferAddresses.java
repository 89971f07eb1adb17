package io.epollecho.epoll;

import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The native addresses of the direct buffers that a thread has used last. Asking for an address
 * creates a memory segment, which the compiler removes only where it sees far enough; an event loop
 * that reads and writes with the same few buffers finds them here and allocates nothing.
 *
 * <p>Belongs to one thread. Does not keep the buffers from being collected.
 */
final class BufferAddresses {

    private static final int CAPACITY = 4;

    private final Entry[] entries = new Entry[CAPACITY];

    private int oldest;

    BufferAddresses() {
        Arrays.fill(entries, new Entry(ByteBuffer.allocate(0), 0));
    }

    /**
     * Returns the address of a position in a direct buffer, which has to be below its limit. The
     * caller keeps the buffer reachable until the kernel is done with it.
     *
     * @throws IllegalStateException if its memory was freed by closing its arena
     * @throws WrongThreadException if its arena is confined to another thread
     */
    long address(ByteBuffer direct, int position) {
        direct.get(position); // for the two exceptions
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
