package io.epollecho.server;

/**
 * An endless, non-repeating stream of bytes, which reveals bytes that are lost, duplicated, moved
 * or taken from another connection. Each seed determines a different stream.
 */
record Pattern(long seed) {

    byte at(long position) {
        long z = seed * 0xD1342543DE82EF95L + (position >>> 3) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return (byte) ((z ^ (z >>> 31)) >>> ((position & 7) * 8));
    }

    byte[] bytes(long position, int length) {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = at(position + i);
        }
        return bytes;
    }

    /** Fails if the bytes differ from the stream at the given position. */
    void check(byte[] bytes, int length, long position) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] != at(position + i)) {
                throw new AssertionError(
                        "Byte %d of the echo is %d but was sent as %d"
                                .formatted(position + i, bytes[i], at(position + i)));
            }
        }
    }
}
