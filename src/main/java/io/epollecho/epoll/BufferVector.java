package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/**
 * A sequence of buffers that is transferred to or from the kernel: direct buffers are passed in
 * place, heap buffers through a {@link ScratchBuffer}.
 *
 * <p>A transfer starts with {@link #begin} and ends with {@link #end}. In between, each round
 * <em>stages</em> the sequence, which fills the thread's {@code iovec} array, makes the system
 * call, and <em>advances</em> the sequence by the number of bytes transferred. Bytes that do not
 * fit into one call wait for the next round, so callers continue as long as the kernel accepts
 * everything that was staged.
 *
 * <p>Each buffer is transferred from its position at the beginning. A buffer that occurs twice in a
 * sequence is therefore sent twice, as with the JDK's channels.
 *
 * <p>Must be used by one thread at a time.
 */
final class BufferVector {

    private static final ByteBuffer[] NONE = {};
    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

    private final ThreadMemory memory;
    private final ByteBuffer[] single = {EMPTY};

    private @Nullable ScratchBuffer scratch;

    private ByteBuffer[] buffers = NONE;
    private int offset;
    private int length;

    /** The position of each buffer at the beginning of the transfer. */
    private int[] positions = new int[16];

    // The next byte: the index of its buffer, and the number of bytes of that buffer already
    // transferred.
    private int index;
    private int done;

    BufferVector(ThreadMemory memory) {
        this.memory = memory;
    }

    /** Begins the transfer of one buffer. */
    void begin(ByteBuffer buffer) {
        single[0] = buffer;
        begin(single, 0, 1);
    }

    /** Begins the transfer of a sequence. */
    void begin(ByteBuffer[] buffers, int offset, int length) {
        if (positions.length < length) {
            positions = new int[length];
        }
        for (int i = 0; i < length; i++) {
            positions[i] = buffers[offset + i].position();
        }
        this.buffers = buffers;
        this.offset = offset;
        this.length = length;
        this.index = 0;
        this.done = 0;
    }

    /** Ends the transfer and releases the buffers, so that they can be garbage-collected. */
    void end() {
        buffers = NONE;
        single[0] = EMPTY;
    }

    /** Stages bytes to send and returns their number: zero when all have been sent. */
    int stageForSend() {
        return stage(true);
    }

    /** Stages room for a read and returns its size: zero when there is no room left. */
    int stageForReceive() {
        return stage(false);
    }

    private int stage(boolean sending) {
        int vectors = 0;
        int staged = 0;
        int scratchUsed = 0;
        int skipped = done;
        for (int i = index; i < length && vectors < ThreadMemory.MAX_VECTORS; i++) {
            ByteBuffer buffer = buffers[offset + i];
            int position = positions[i] + skipped;
            int remaining = buffer.limit() - position;
            int size = Math.min(remaining, room(buffer, staged, scratchUsed));
            if (size > 0) {
                long address;
                if (buffer.isDirect()) {
                    address = memory.buffers().address(buffer, position);
                } else {
                    address = scratch().address() + scratchUsed;
                    if (sending) {
                        scratch().bytes().put(scratchUsed, buffer, position, size);
                    }
                    scratchUsed += size;
                }
                memory.vector(vectors++, address, size);
                staged += size;
            }
            if (size < remaining) {
                break; // later bytes must not overtake those that did not fit
            }
            skipped = 0;
        }
        memory.vectorCount(vectors);
        return staged;
    }

    /**
     * Returns the number of bytes of a buffer that fit into a call with the given bytes already
     * staged. The result of a call is an int.
     */
    private static int room(ByteBuffer buffer, int staged, int scratchUsed) {
        int room = Integer.MAX_VALUE - staged;
        return buffer.isDirect() ? room : Math.min(room, ScratchBuffer.SIZE - scratchUsed);
    }

    /** Advances the positions by the number of bytes sent. */
    void sent(int bytes) {
        advance(bytes, true);
    }

    /**
     * Advances the positions by the number of bytes received, and copies the bytes to heap buffers.
     */
    void received(int bytes) {
        advance(bytes, false);
    }

    private void advance(int bytes, boolean sending) {
        int scratchUsed = 0;
        int left = bytes;
        while (left > 0) {
            ByteBuffer buffer = buffers[offset + index];
            int position = positions[index] + done;
            int remaining = buffer.limit() - position;
            int size = Math.min(left, remaining);
            if (!buffer.isDirect()) {
                if (!sending) {
                    buffer.put(position, scratch().bytes(), scratchUsed, size);
                }
                scratchUsed += size;
            }
            buffer.position(position + size);
            left -= size;
            done += size;
            if (size == remaining) {
                index++;
                done = 0;
            }
        }
    }

    private ScratchBuffer scratch() {
        ScratchBuffer buffer = scratch;
        if (buffer == null) {
            buffer = new ScratchBuffer();
            scratch = buffer;
        }
        return buffer;
    }
}
