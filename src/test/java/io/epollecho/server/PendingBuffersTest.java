package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.MemoryBudget;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

class PendingBuffersTest {

    private static final int SIZE = 1024;

    private final PendingBuffers buffers = new PendingBuffers(limit(200 * SIZE));
    private final Pattern pattern = new Pattern(1);

    private static MemoryBudget limit(long bytes) {
        return new MemoryBudget(bytes, (borrower, more) -> {});
    }

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
        MemoryBudget budget = limit(100);
        var small = new PendingBuffers(budget);
        ByteBuffer kept = small.keep(ByteBuffer.allocate(60));
        assertThat(budget.missing(40)).isZero();
        assertThat(budget.missing(41)).isEqualTo(1);
        small.release(kept);
        assertThat(budget.missing(100)).isZero();
    }

    /** Spare buffers count towards the budget and are discarded to make room. */
    @Test
    void neverExceedsTheBudget() {
        MemoryBudget budget = limit(100);
        var small = new PendingBuffers(budget);
        ByteBuffer large = small.keep(ByteBuffer.allocate(60));
        ByteBuffer other = small.keep(ByteBuffer.allocate(40));
        small.release(large);
        small.release(other);
        List<ByteBuffer> held = new ArrayList<>();
        while (budget.missing(5) == 0) {
            held.add(small.keep(ByteBuffer.allocate(5)));
            assertThat(held.stream().mapToInt(ByteBuffer::capacity).sum()).isLessThanOrEqualTo(100);
        }
        assertThat(held).hasSize(20);
    }

    /** A buffer that is larger than its contents must not take up what others need. */
    @Test
    void reusesNoBufferThatExceedsTheBudget() {
        MemoryBudget budget = limit(100);
        var small = new PendingBuffers(budget);
        small.release(small.keep(ByteBuffer.allocate(60)));
        budget.add(50);
        assertThat(small.keep(ByteBuffer.allocate(50)).capacity()).isEqualTo(50);
        assertThat(budget.used()).isEqualTo(100);
    }

    /** A budget that is used up by others, beyond its limit, does not make this one fail. */
    @Test
    void keepsBytesEvenIfTheBudgetIsExceeded() {
        MemoryBudget budget = limit(100);
        var small = new PendingBuffers(budget);
        budget.add(90);
        assertThat(small.keep(ByteBuffer.allocate(50)).remaining()).isEqualTo(50);
        assertThat(budget.missing(0)).isEqualTo(40);
    }
}
