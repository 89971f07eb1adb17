package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;

class BytePatternTest {

    private static final int LENGTH = 64;

    private final BytePattern pattern = new BytePattern();

    @Test
    void acceptsTheExpectedBytes() {
        assertThat(wrong(bytes(3, 1_000_000_007L), 3, 1_000_000_007L)).isZero();
    }

    @Test
    void countsDifferingBytes() {
        byte[] bytes = bytes(0, 0);
        bytes[0]++;
        bytes[63]++;
        assertThat(wrong(bytes, 0, 0)).isEqualTo(2);
    }

    @Test
    void messagesOfAStreamDiffer() {
        byte[] first = bytes(0, 0);
        for (int message = 1; message < 10_000; message++) {
            assertThat(wrong(first, 0, (long) message * LENGTH)).isGreaterThan(LENGTH / 2);
        }
    }

    @Test
    void messagesOfDifferentStreamsDiffer() {
        byte[] first = bytes(0, 0);
        for (int stream = 1; stream < 10_000; stream++) {
            assertThat(wrong(first, stream, 0)).isGreaterThan(LENGTH / 2);
        }
    }

    private byte[] bytes(int stream, long offset) {
        byte[] bytes = new byte[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            bytes[i] = pattern.at(stream, offset + i);
        }
        return bytes;
    }

    private int wrong(byte[] bytes, int stream, long offset) {
        return pattern.countWrong(MemorySegment.ofArray(bytes), bytes.length, stream, offset);
    }
}
