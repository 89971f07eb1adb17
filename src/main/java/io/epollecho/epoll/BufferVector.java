package io.epollecho.epoll;

import java.nio.ByteBuffer;

/**
 * Sequences of buffers on their way to and from the kernel: direct buffers are handed over where
 * they are, heap buffers through the thread's scratch buffer.
 *
 * <p>A sequence is <em>staged</em>, which fills the thread's {@code iovec} array; then comes the
 * system call; then it is <em>advanced</em> by the number of bytes that went. What does not fit
 * into one call waits for the next round, so callers go on while the kernel takes all that was
 * staged.
 */
final class BufferVector {

    private BufferVector() {}

    /**
     * Stages what a write shall send, and returns how many bytes that is: zero when all has been
     * sent.
     */
    static int stageForSend(ThreadMemory memory, ByteBuffer[] buffers, int offset, int length) {
        return stage(memory, buffers, offset, length, true);
    }

    /**
     * Stages room for a read, and returns how many bytes that is: zero when there is no room left.
     */
    static int stageForReceive(ThreadMemory memory, ByteBuffer[] buffers, int offset, int length) {
        return stage(memory, buffers, offset, length, false);
    }

    private static int stage(
            ThreadMemory memory, ByteBuffer[] buffers, int offset, int length, boolean sending) {
        int vectors = 0;
        int staged = 0;
        int scratchUsed = 0;
        for (int i = offset; i < offset + length && vectors < ThreadMemory.MAX_VECTORS; i++) {
            ByteBuffer buffer = buffers[i];
            int size = size(buffer, staged, scratchUsed);
            if (size > 0) {
                long address;
                if (buffer.isDirect()) {
                    address = memory.buffers().addressOfPosition(buffer);
                } else {
                    ByteBuffer scratch = memory.scratch();
                    address = memory.scratchPointer() + scratchUsed;
                    if (sending) {
                        scratch.put(scratchUsed, buffer, buffer.position(), size);
                    }
                    scratchUsed += size;
                }
                memory.vector(vectors++, address, size);
                staged += size;
            }
            if (size < buffer.remaining()) {
                break; // bytes may not overtake those that did not fit
            }
        }
        memory.vectorCount(vectors);
        return staged;
    }

    /** Moves the positions on by what was sent. */
    static void sent(ThreadMemory memory, ByteBuffer[] buffers, int offset, int bytes) {
        advance(memory, buffers, offset, bytes, true);
    }

    /** Moves the positions on by what was received, and copies into heap buffers what is theirs. */
    static void received(ThreadMemory memory, ByteBuffer[] buffers, int offset, int bytes) {
        advance(memory, buffers, offset, bytes, false);
    }

    private static void advance(
            ThreadMemory memory, ByteBuffer[] buffers, int offset, int bytes, boolean sending) {
        int scratchUsed = 0;
        int left = bytes;
        for (int i = offset; left > 0; i++) {
            ByteBuffer buffer = buffers[i];
            int size = Math.min(left, buffer.remaining());
            int position = buffer.position();
            if (!buffer.isDirect()) {
                if (!sending) {
                    buffer.put(position, memory.scratch(), scratchUsed, size);
                }
                scratchUsed += size;
            }
            buffer.position(position + size);
            left -= size;
        }
    }

    /** How much of a buffer fits into a call that has so much staged already. */
    private static int size(ByteBuffer buffer, int staged, int scratchUsed) {
        int room =
                buffer.isDirect()
                        ? Integer.MAX_VALUE - staged
                        : ThreadMemory.SCRATCH_SIZE - scratchUsed;
        return Math.min(buffer.remaining(), room);
    }
}
