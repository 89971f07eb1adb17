package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

class BufferPoolTest {

    private static final int SIZE = 100;

    private final AtomicInteger calls = new AtomicInteger();

    @Test
    void countsTheBorrowedBytes() {
        BufferPool pool = new BufferPool(SIZE, 1, Long.MAX_VALUE, calls::incrementAndGet);
        ByteBuffer first = pool.borrow();
        ByteBuffer second = pool.borrow();
        assertThat(pool.borrowed()).isEqualTo(2);
        assertThat(pool.borrowedBytes()).isEqualTo(2 * SIZE);
        pool.giveBack(first);
        pool.giveBack(second);
        assertThat(pool.borrowedBytes()).isZero();
        assertThat(calls).hasValue(0);
    }

    @Test
    void reportsEachTimeThatTheLimitIsExceeded() {
        BufferPool pool = new BufferPool(SIZE, 1, 2 * SIZE, calls::incrementAndGet);
        pool.borrow();
        ByteBuffer atLimit = pool.borrow();
        assertThat(calls).hasValue(0);
        ByteBuffer beyond = pool.borrow();
        assertThat(calls).hasValue(1);
        ByteBuffer furtherBeyond = pool.borrow();
        pool.giveBack(furtherBeyond);
        furtherBeyond = pool.borrow();
        assertThat(calls).as("still above").hasValue(1);
        pool.giveBack(furtherBeyond);
        pool.giveBack(beyond);
        pool.giveBack(atLimit);
        pool.borrow();
        assertThat(calls).as("within").hasValue(1);
        pool.borrow();
        assertThat(calls).as("above again").hasValue(2);
    }

    /** The reported number includes the buffer that is being lent. */
    @Test
    void theLimitMayBeBetweenMultiplesOfTheBufferSize() {
        BufferPool[] pool = new BufferPool[1];
        pool[0] =
                new BufferPool(
                        SIZE,
                        1,
                        SIZE + 1,
                        () -> assertThat(pool[0].borrowedBytes()).isEqualTo(calls.addAndGet(200)));
        pool[0].borrow();
        assertThat(calls).hasValue(0);
        assertThat(pool[0].borrow().remaining()).isEqualTo(SIZE);
        assertThat(calls).hasValue(200);
    }
}
