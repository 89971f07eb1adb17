package io.epollecho.probe;

import io.epollecho.stream.ByteStream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * The bytes that connections send. Each connection has its own endless stream, and any piece of a
 * stream is distinguishable from any other.
 *
 * <p>All streams go round one circle of random bytes, each from a different starting position.
 * Because the length of the circle is prime, the messages of a stream differ for a long time,
 * whatever their size. If a byte is lost, duplicated, changed, reordered or delivered to the wrong
 * connection, it differs from the expected one, and so do most of the bytes after it.
 */
final class BytePattern {

    /** Maximum number of bytes compared or sent at once. */
    static final int CHUNK = 64 * 1024;

    private static final int CIRCLE = 65_521;

    /** Distance between the starting positions of consecutive connections; also a prime. */
    private static final long STRIDE = 26_177;

    /** The circle followed by a copy of its beginning, so that no chunk has to be split. */
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

    /** Returns the stream of a connection. Streams repeat, as there are more connections. */
    static int stream(long connection) {
        return (int) (connection % CIRCLE);
    }

    private static int place(int stream, long offset) {
        return (int) ((stream * STRIDE + offset) % CIRCLE);
    }

    /** Returns the byte of a stream at an offset. */
    byte at(int stream, long offset) {
        return segment.get(ValueLayout.JAVA_BYTE, place(stream, offset));
    }

    /** Writes as much of a stream as the target accepts, at most a chunk, and returns the count. */
    int write(ByteStream target, int stream, long offset, long length) throws IOException {
        int from = place(stream, offset);
        bytes.limit(from + (int) Math.min(length, CHUNK)).position(from);
        return target.write(bytes);
    }

    /** Returns how many of the first {@code length} received bytes, at most a chunk, are wrong. */
    int countWrong(MemorySegment received, int length, int stream, long offset) {
        int from = place(stream, offset);
        long first = MemorySegment.mismatch(received, 0, length, segment, from, from + length);
        return first < 0 ? 0 : countWrongFrom(first, received, length, stream, offset);
    }

    /** Returns the index of the first wrong byte, or {@code length} if there is none. */
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
