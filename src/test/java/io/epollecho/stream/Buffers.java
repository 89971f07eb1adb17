package io.epollecho.stream;

/** The pools of the tests that do not ask for a limit. */
final class Buffers {

    private Buffers() {}

    static BufferPool pool() {
        return new BufferPool(TlsStream.BUFFER_SIZE, 4, Long.MAX_VALUE, () -> {});
    }
}
