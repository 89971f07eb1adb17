package io.epollecho.epoll;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An array of {@code struct epoll_event}, each with event flags and the data of its registration.
 *
 * <p>The structure is packed on x86-64 only, so the data is at offset 4 there and at offset 8
 * elsewhere; see {@code EPOLL_PACKED} in {@code linux/eventpoll.h}.
 */
final class EpollEvents {

    static final int EPOLLIN = 0x1;
    static final int EPOLLPRI = 0x2;
    static final int EPOLLOUT = 0x4;
    static final int EPOLLERR = 0x8;
    static final int EPOLLHUP = 0x10;
    static final int EPOLLRDHUP = 0x2000;
    static final int EPOLLET = 1 << 31;

    private final MemorySegment memory;
    private final Layout layout;
    private final int capacity;

    EpollEvents(Layout layout, int capacity) {
        this.memory = Arena.ofAuto().allocate((long) layout.size * capacity, Long.BYTES);
        this.layout = layout;
        this.capacity = capacity;
    }

    int capacity() {
        return capacity;
    }

    long address() {
        return memory.address();
    }

    /** Returns the memory that is shared with the kernel. */
    MemorySegment memory() {
        return memory;
    }

    int events(int index) {
        return memory.get(ValueLayout.JAVA_INT, offset(index));
    }

    long data(int index) {
        return memory.get(ValueLayout.JAVA_LONG_UNALIGNED, offset(index) + layout.dataOffset);
    }

    void set(int index, int events, long data) {
        memory.set(ValueLayout.JAVA_INT, offset(index), events);
        memory.set(ValueLayout.JAVA_LONG_UNALIGNED, offset(index) + layout.dataOffset, data);
    }

    private long offset(int index) {
        return (long) index * layout.size;
    }

    /** The two layouts of the structure. */
    enum Layout {
        /** x86-64. */
        PACKED(12, 4),
        /** aarch64 and all others. */
        ALIGNED(16, 8);

        private final int size;
        private final int dataOffset;

        Layout(int size, int dataOffset) {
            this.size = size;
            this.dataOffset = dataOffset;
        }

        static Layout of(String architecture) {
            return architecture.equals("amd64") ? PACKED : ALIGNED;
        }
    }
}
