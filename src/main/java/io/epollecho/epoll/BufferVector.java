package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/**
 * A sequence of buffers on its way to or from the kernel: direct buffers are handed over where they
 * are, heap buffers through a {@link ScratchBuffer}.
 *
 * <p>A transfer begins with {@link #begin}. Then, round by round, the sequence is <em>staged</em>,
 * which fills the thread's {@code iovec} array; the system call follows; and the sequence is
 * <em>advanced</em> by the number of bytes that were transferred. What does not fit into one call
 * waits for the next round, so callers continue while the kernel takes all that was staged. At last
 * comes {@link #end}.
 *
 * <p>Each buffer is transferred from the position that it has at the beginning. So one that occurs
 * twice in a sequence is sent twice, as the JDK's channels do it.
 *
 * <p>Belongs to one thread.
 */
final class BufferVector {

    private static final ByteBuffer[] NONE = {};
    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

    private final ThreadMemory memory;
    private final boolean sharesScratch = Thread.currentThread().isVirtual();
    private final ByteBuffer[] single = {EMPTY};

    private @Nullable ScratchBuffer scratch;

    private ByteBuffer[] buffers = NONE;
    private int offset;
    private int length;

    /** The position at which each buffer of the sequence began. */
    private int[] positions = new int[16];

    // The next byte: the index in the sequence, and how much of that buffer is done.
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

    /** Ends the transfer, so that nothing outlives its use. */
    void end() {
        buffers = NONE;
        single[0] = EMPTY;
        if (sharesScratch && scratch != null) {
            scratch.giveBack();
            scratch = null;
        }
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
                break; // bytes may not overtake those that did not fit
            }
            skipped = 0;
        }
        memory.vectorCount(vectors);
        return staged;
    }

    /** Returns how much of a buffer fits into a call that has so much staged already. */
    private static int room(ByteBuffer buffer, int staged, int scratchUsed) {
        return buffer.isDirect() ? Integer.MAX_VALUE - staged : ScratchBuffer.SIZE - scratchUsed;
    }

    /** Moves the positions on by the number of bytes sent. */
    void sent(int bytes) {
        advance(bytes, true);
    }

    /** Moves the positions on by the number of bytes received, and copies them to heap buffers. */
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
            buffer = sharesScratch ? ScratchBuffer.borrow() : new ScratchBuffer();
            scratch = buffer;
        }
        return buffer;
    }
}
