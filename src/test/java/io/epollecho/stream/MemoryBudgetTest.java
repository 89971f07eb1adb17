package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class MemoryBudgetTest {

    private record Call(MemoryBudget.Account borrower, long bytes) {}

    private final List<Call> calls = new ArrayList<>();
    private final MemoryBudget budget =
            new MemoryBudget(100, (borrower, bytes) -> calls.add(new Call(borrower, bytes)));
    private final MemoryBudget.Account account = budget.newAccount();

    @Test
    void comparesAllBytesAsOneNumber() {
        budget.add(40);
        account.add(30);
        assertThat(budget.used()).isEqualTo(70);
        assertThat(budget.missing(30)).isZero();
        assertThat(budget.missing(31)).isEqualTo(1);
        budget.remove(40);
        assertThat(budget.missing(70)).isZero();
    }

    @Test
    void reclaimsBeforeTheLimitIsExceeded() {
        budget.add(40);
        account.add(60);
        assertThat(calls).isEmpty();
        account.add(1);
        assertThat(calls).containsExactly(new Call(account, 1));
        account.remove(1);
        budget.newAccount().add(5);
        assertThat(calls).hasSize(2);
    }

    /** The borrower needs the bytes in any case, so they count. */
    @Test
    void countsBytesThatCouldNotBeReclaimed() {
        account.add(150);
        assertThat(budget.used()).isEqualTo(150);
        assertThat(budget.missing(0)).isEqualTo(50);
        account.remove(150);
        assertThat(budget.used()).isZero();
        assertThat(account.bytes()).isZero();
    }

    @Test
    void anUnlimitedBudgetNeverMissesAByte() {
        MemoryBudget unlimited = MemoryBudget.unlimited();
        unlimited.add(1L << 40);
        assertThat(unlimited.missing(1L << 40)).isZero();
    }
}
