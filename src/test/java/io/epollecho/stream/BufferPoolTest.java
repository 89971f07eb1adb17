package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class BufferPoolTest {

    private static final int SIZE = 100;

    private final BufferPool pool = new BufferPool(SIZE, 1);

    @Test
    void chargesTheBorrower() {
        MemoryBudget budget = MemoryBudget.unlimited();
        MemoryBudget.Account one = budget.newAccount();
        MemoryBudget.Account other = budget.newAccount();
        ByteBuffer first = pool.borrow(one);
        ByteBuffer second = pool.borrow(one);
        ByteBuffer third = pool.borrow(other);
        assertThat(pool.borrowed()).isEqualTo(3);
        assertThat(one.bytes()).isEqualTo(2 * SIZE);
        assertThat(other.bytes()).isEqualTo(SIZE);
        assertThat(budget.used()).isEqualTo(3 * SIZE);
        pool.giveBack(first, one);
        pool.giveBack(second, one);
        pool.giveBack(third, other);
        assertThat(one.bytes()).isZero();
        assertThat(budget.used()).isZero();
        assertThat(pool.borrowed()).isZero();
    }

    @Test
    void lendsAReturnedBufferAgain() {
        MemoryBudget.Account account = MemoryBudget.unlimited().newAccount();
        ByteBuffer first = pool.borrow(account);
        pool.giveBack(first.position(7).limit(8), account);
        ByteBuffer second = pool.borrow(account);
        assertThat(second).isSameAs(first);
        assertThat(second.remaining()).isEqualTo(SIZE);
    }
}
