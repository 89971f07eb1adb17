package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

class PendingBuffersTest {

    private static final int SIZE = 1024;

    private final PendingBuffers buffers = new PendingBuffers(200 * SIZE);
    private final Pattern pattern = new Pattern(1);

    private ByteBuffer keep(int length) {
        ByteBuffer source = ByteBuffer.wrap(pattern.bytes(0, SIZE), SIZE - length, length);
        ByteBuffer kept = buffers.keep(source);
        assertThat(source.hasRemaining()).isFalse();
        assertThat(kept).isEqualTo(ByteBuffer.wrap(pattern.bytes(SIZE - length, length)));
        return kept;
    }

    @Test
    void keepsTheRemainingBytes() {
        assertThat(keep(SIZE).remaining()).isEqualTo(SIZE);
        assertThat(keep(1).remaining()).isEqualTo(1);
    }

    @Test
    void reusesABufferWithoutItsContents() {
        ByteBuffer first = keep(SIZE);
        buffers.release(first.position(SIZE - 3));
        ByteBuffer second = keep(SIZE / 2);
        assertThat(second).isSameAs(first);
        assertThat(keep(SIZE / 2)).isNotSameAs(first);
    }

    @Test
    void allocatesABufferNoLargerThanItsContents() {
        assertThat(keep(10).capacity()).isEqualTo(10);
    }

    @Test
    void reusesNoBufferThatIsFarTooLarge() {
        buffers.release(keep(SIZE));
        assertThat(keep(10).capacity()).isEqualTo(10);
    }

    @Test
    void keepsOnlyTheLargestSpareBuffers() {
        List<ByteBuffer> kept = new ArrayList<>();
        for (int i = 1; i <= 100; i++) {
            kept.add(keep(i));
        }
        kept.forEach(buffers::release);
        List<Integer> again = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            again.add(keep(50).capacity());
        }
        assertThat(again).containsExactlyInAnyOrderElementsOf(rangeClosed(85, 100));
        assertThat(keep(50).capacity()).isEqualTo(50);
    }

    private static List<Integer> rangeClosed(int from, int to) {
        return IntStream.rangeClosed(from, to).boxed().toList();
    }

    @Test
    void returnsTheBytesMissingFromTheBudget() {
        var small = new PendingBuffers(100);
        ByteBuffer kept = small.keep(ByteBuffer.allocate(60));
        assertThat(small.missing(40)).isZero();
        assertThat(small.missing(41)).isEqualTo(1);
        small.release(kept);
        assertThat(small.missing(100)).isZero();
    }

    /** Spare buffers count towards the budget and are discarded to make room. */
    @Test
    void neverExceedsTheBudget() {
        var small = new PendingBuffers(100);
        ByteBuffer large = small.keep(ByteBuffer.allocate(60));
        ByteBuffer other = small.keep(ByteBuffer.allocate(40));
        small.release(large);
        small.release(other);
        List<ByteBuffer> held = new ArrayList<>();
        while (small.missing(5) == 0) {
            held.add(small.keep(ByteBuffer.allocate(5)));
            assertThat(held.stream().mapToInt(ByteBuffer::capacity).sum()).isLessThanOrEqualTo(100);
        }
        assertThat(held).hasSize(20);
    }
}
