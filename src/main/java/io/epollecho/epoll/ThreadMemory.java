package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The native memory that one thread needs during a system call: the captured {@code errno}, the
 * small structures that are passed by pointer, and the sequence of buffers that is being
 * transferred.
 *
 * <p>The memory belongs to a thread instead of a channel, because any thread may use any channel
 * and because one instance per channel would waste memory. A platform thread keeps its own, which
 * the garbage collector frees after the thread has ended. Virtual threads, of which there may be a
 * million, share a few: each borrows one for the duration of an operation.
 */
final class ThreadMemory implements AutoCloseable {

    private static final int NONE = -1;

    /** The maximum number of buffers in one gathering or scattering system call. */
    static final int MAX_VECTORS = 64;

    private static final ThreadLocal<ThreadMemory> OWN =
            ThreadLocal.withInitial(() -> new ThreadMemory(false));

    /** Guards {@link #spare}. */
    private static final Object POOL = new Object();

    /** The memory that virtual threads share and none of them uses now: as a list without nodes. */
    private static @Nullable ThreadMemory spare;

    // Offsets. The captured errno must be at the beginning of the segment.
    private static final long ERRNO = 0;
    private static final long LENGTH = 8;
    private static final long OPTION = 16;
    private static final long ADDRESS = 32;
    private static final long MESSAGE = 64;
    private static final long VECTORS = 128;
    private static final long VECTOR_SIZE = 16;
    private static final long SIZE = VECTORS + MAX_VECTORS * VECTOR_SIZE;

    // struct msghdr on 64-bit Linux: name, namelen, iov, iovlen, control, controllen, flags.
    private static final long MESSAGE_VECTORS = MESSAGE + 16;
    private static final long MESSAGE_VECTOR_COUNT = MESSAGE + 24;

    private final MemorySegment memory = Arena.ofAuto().allocate(SIZE, 16);

    private final BufferAddresses buffers = new BufferAddresses();

    private final BufferVector bufferVector = new BufferVector(this);

    private final boolean shared;

    private int accepted = NONE;

    private @Nullable ThreadMemory next;

    private ThreadMemory(boolean shared) {
        this.shared = shared;
        memory.set(ValueLayout.JAVA_LONG, MESSAGE_VECTORS, memory.address() + VECTORS);
    }

    /** Returns memory for one operation of the current thread. Close it after the operation. */
    static ThreadMemory borrow() {
        return Thread.currentThread().isVirtual() ? borrowShared() : OWN.get();
    }

    private static ThreadMemory borrowShared() {
        synchronized (POOL) {
            ThreadMemory memory = spare;
            if (memory != null) {
                spare = memory.next;
                memory.next = null;
                return memory;
            }
        }
        return new ThreadMemory(true);
    }

    /** Gives the memory back. Allocates nothing. */
    @Override
    public void close() {
        if (shared) {
            synchronized (POOL) {
                next = spare;
                spare = this;
            }
        }
    }

    /** Returns the segment whose first bytes receive {@code errno}. */
    MemorySegment capture() {
        return memory;
    }

    int errno() {
        return memory.get(ValueLayout.JAVA_INT, ERRNO);
    }

    /**
     * Notes the result of accept4(2), a descriptor or a negated error number, and returns it. Until
     * {@link #takeAccepted}, the memory owns the descriptor.
     */
    int accepted(int result) {
        accepted = result;
        return result;
    }

    /** Returns the descriptor that was accepted, which now belongs to the caller. */
    int takeAccepted() {
        int fd = accepted;
        accepted = NONE;
        return fd;
    }

    /** Closes the descriptor that was accepted, if nobody has taken it. Allocates nothing. */
    void closeAccepted() {
        int fd = takeAccepted();
        if (fd >= 0) {
            int _ = Libc.close(fd);
        }
    }

    /** Returns memory that can hold any {@code sockaddr} of a TCP socket. */
    MemorySegment socketAddress() {
        return memory.asSlice(ADDRESS, Sockaddr.MAX_SIZE);
    }

    long socketAddressPointer() {
        return memory.address() + ADDRESS;
    }

    /** Sets the {@code socklen_t} that is passed in and out. */
    void length(int length) {
        memory.set(ValueLayout.JAVA_INT, LENGTH, length);
    }

    long lengthPointer() {
        return memory.address() + LENGTH;
    }

    /**
     * Returns an {@code int} of a socket option. Most options have one; {@code struct linger} has
     * two.
     */
    int option(int index) {
        return memory.get(ValueLayout.JAVA_INT, OPTION + 4L * index);
    }

    void option(int index, int value) {
        memory.set(ValueLayout.JAVA_INT, OPTION + 4L * index, value);
    }

    /** Sets the unsigned 64-bit number of an eventfd, in the same memory as a socket option. */
    void counter(long value) {
        memory.set(ValueLayout.JAVA_LONG, OPTION, value);
    }

    long optionPointer() {
        return memory.address() + OPTION;
    }

    /** Sets entry {@code index} of the {@code iovec} array. */
    void vector(int index, long address, long length) {
        long offset = VECTORS + index * VECTOR_SIZE;
        memory.set(ValueLayout.JAVA_LONG, offset, address);
        memory.set(ValueLayout.JAVA_LONG, offset + 8, length);
    }

    /**
     * Returns the address in the first entry of the {@code iovec} array. A single entry is
     * transferred with recv(2) or send(2), which saves the kernel from copying a {@code msghdr}.
     */
    long firstAddress() {
        return memory.get(ValueLayout.JAVA_LONG, VECTORS);
    }

    /** Returns the length in the first entry of the {@code iovec} array. */
    int firstLength() {
        return (int) memory.get(ValueLayout.JAVA_LONG, VECTORS + 8);
    }

    /** Returns the number of used entries of the {@code iovec} array. */
    long vectorCount() {
        return memory.get(ValueLayout.JAVA_LONG, MESSAGE_VECTOR_COUNT);
    }

    /** Sets the number of used entries of the {@code iovec} array. */
    void vectorCount(int count) {
        memory.set(ValueLayout.JAVA_LONG, MESSAGE_VECTOR_COUNT, count);
    }

    /** Returns the address of the {@code msghdr} over the {@code iovec} array. */
    long messagePointer() {
        return memory.address() + MESSAGE;
    }

    /** Returns the addresses of the direct buffers that were used last. */
    BufferAddresses buffers() {
        return buffers;
    }

    /** Returns the sequence of buffers that is being transferred. */
    BufferVector bufferVector() {
        return bufferVector;
    }
}
