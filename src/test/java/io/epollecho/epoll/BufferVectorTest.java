package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class BufferVectorTest {

    /** The direct buffers are views of one small buffer; nothing is transferred. */
    @Test
    void stagesNoMoreBytesThanOneCallCanReport() {
        int part = 1 << 26;
        ByteBuffer direct = ByteBuffer.allocateDirect(part);
        var sources = new ByteBuffer[33];
        for (int i = 0; i < 31; i++) {
            sources[i] = direct.duplicate();
        }
        sources[31] = direct.slice(0, part - 1_000);
        sources[32] = ByteBuffer.allocate(1 << 16);
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            BufferVector vector = memory.bufferVector();
            vector.begin(sources, 0, sources.length);
            assertThat(vector.stageForSend()).isEqualTo(Integer.MAX_VALUE);
            vector.end();
        }
    }
}
