package io.epollecho.probe;

import io.epollecho.stream.ByteStream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * The bytes that connections send: each its own endless stream, of which any piece can be told from
 * any other.
 *
 * <p>All streams run round one circle of random bytes, and each begins at a place of its own. As
 * the circle's length is a prime, the messages of a stream all differ for a long time, whatever
 * their size. So a byte lost, doubled, changed, out of order or in the wrong connection's stream is
 * not the expected one, nor are most of those behind it.
 */
final class BytePattern {

    /** The most that can be compared, or sent, in one go. */
    static final int CHUNK = 64 * 1024;

    private static final int CIRCLE = 65_521;

    /** A prime as well, and far from one connection's beginning to the next one's. */
    private static final long STRIDE = 26_177;

    /** The circle, and its beginning again so that no chunk has to be split. */
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(CIRCLE + CHUNK);

    private final MemorySegment segment = MemorySegment.ofBuffer(bytes.duplicate());

    BytePattern() {
        var random = new SplittableRandom(862);
        for (int i = 0; i < CIRCLE; i++) {
            bytes.put(i, (byte) random.nextInt());
        }
        for (int i = 0; i < CHUNK; i++) {
            bytes.put(CIRCLE + i, bytes.get(i % CIRCLE));
        }
    }

    /** Returns one of the streams of the circle for a connection; connections are many more. */
    static int stream(long connection) {
        return (int) (connection % CIRCLE);
    }

    private static int place(int stream, long offset) {
        return (int) ((stream * STRIDE + offset) % CIRCLE);
    }

    /** The byte that a stream has at an offset. */
    byte at(int stream, long offset) {
        return segment.get(ValueLayout.JAVA_BYTE, place(stream, offset));
    }

    /** Writes what the target takes of a piece of a stream, at most a chunk. Returns how much. */
    int write(ByteStream target, int stream, long offset, long length) throws IOException {
        int from = place(stream, offset);
        bytes.limit(from + (int) Math.min(length, CHUNK)).position(from);
        return target.write(bytes);
    }

    /**
     * How many of the first bytes of what was received, at most a chunk, are not as they should.
     */
    int countWrong(MemorySegment received, int length, int stream, long offset) {
        int from = place(stream, offset);
        long first = MemorySegment.mismatch(received, 0, length, segment, from, from + length);
        return first < 0 ? 0 : countWrongFrom(first, received, length, stream, offset);
    }

    /** Returns the index of the first byte that is not as it should, or the length. */
    int firstWrong(MemorySegment received, int length, int stream, long offset) {
        int from = place(stream, offset);
        long first = MemorySegment.mismatch(received, 0, length, segment, from, from + length);
        return first < 0 ? length : (int) first;
    }

    private int countWrongFrom(
            long first, MemorySegment received, int length, int stream, long offset) {
        int wrong = 0;
        for (long i = first; i < length; i++) {
            if (received.get(ValueLayout.JAVA_BYTE, i) != at(stream, offset + i)) {
                wrong++;
            }
        }
        return wrong;
    }
}
