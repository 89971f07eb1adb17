package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.stream.IntStream;

/** Short connections: each one connects, echoes once and closes. */
final class Churn {

    /** The number of bytes that each connection sends. */
    static final int LENGTH = 100;

    private static final int THREADS = 4;

    private Churn() {}

    /** Runs the given number of short connections, each with its own stream of bytes. */
    static void run(InetSocketAddress server, int count) {
        Background.forEach(
                IntStream.range(0, THREADS).boxed().toList(),
                thread -> {
                    var memory = new byte[LENGTH];
                    for (int i = thread; i < count; i += THREADS) {
                        cycle(server, new Pattern(i), memory);
                    }
                });
    }

    private static void cycle(InetSocketAddress server, Pattern pattern, byte[] memory)
            throws IOException {
        try (SocketChannel channel = SourceAddresses.connect(server, 0)) {
            channel.write(ByteBuffer.wrap(pattern.bytes(0, LENGTH)));
            for (int received = 0; received < LENGTH; ) {
                int count = channel.read(ByteBuffer.wrap(memory, 0, LENGTH - received));
                assertThat(count).as("bytes read").isPositive();
                pattern.check(memory, count, received);
                received += count;
            }
        }
    }
}
