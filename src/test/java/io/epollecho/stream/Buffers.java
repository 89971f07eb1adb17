package io.epollecho.stream;

/** The buffer pools of tests that need no limit. */
final class Buffers {

    private Buffers() {}

    static BufferPool pool() {
        return new BufferPool(TlsStream.BUFFER_SIZE, 4, Long.MAX_VALUE, () -> {});
    }
}
