package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

class PendingBuffersTest {

    private static final int SIZE = 1024;

    private final PendingBuffers buffers = new PendingBuffers(SIZE);
    private final Pattern pattern = new Pattern(1);

    private ByteBuffer keep(int length) {
        ByteBuffer source = ByteBuffer.wrap(pattern.bytes(0, SIZE), SIZE - length, length);
        ByteBuffer kept = buffers.keep(source);
        assertThat(source.hasRemaining()).isFalse();
        assertThat(kept).isEqualTo(ByteBuffer.wrap(pattern.bytes(SIZE - length, length)));
        return kept;
    }

    @Test
    void keepsWhatRemains() {
        assertThat(keep(SIZE).remaining()).isEqualTo(SIZE);
        assertThat(keep(1).remaining()).isEqualTo(1);
    }

    @Test
    void usesABufferAgainAndNothingOfItsContent() {
        ByteBuffer first = keep(SIZE);
        buffers.release(first.position(SIZE - 3));
        ByteBuffer second = keep(10);
        assertThat(second).isSameAs(first);
        assertThat(keep(10)).isNotSameAs(first);
    }

    @Test
    void keepsAFewFreeBuffersOnly() {
        List<ByteBuffer> kept = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            kept.add(keep(1));
        }
        Set<ByteBuffer> released = Collections.newSetFromMap(new IdentityHashMap<>());
        released.addAll(kept);
        assertThat(released).hasSize(100);
        kept.forEach(buffers::release);
        int usedAgain = 0;
        for (int i = 0; i < 100; i++) {
            usedAgain += released.contains(keep(1)) ? 1 : 0;
        }
        assertThat(usedAgain).isEqualTo(16);
    }
}
