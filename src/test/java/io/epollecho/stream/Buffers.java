package io.epollecho.stream;

/** The buffer pools of tests that need no limit. */
final class Buffers {

    private Buffers() {}

    static BufferPool pool() {
        return new BufferPool(TlsStream.BUFFER_SIZE, 4);
    }

    /** Returns an account of a budget without a limit. */
    static MemoryBudget.Account account() {
        return MemoryBudget.unlimited().newAccount();
    }
}
