package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;

import com.sun.management.ThreadMXBean;

import io.epollecho.ChildJvm;
import io.epollecho.epoll.Loopback.Connection;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.function.Consumer;

/** Selecting, reading and writing allocate no garbage. */
@Timeout(60)
@Tag("slow")
class AllocationTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final int ROUNDS = 3_000;

    @ParameterizedTest
    @EnumSource(names = {"EPOLL_LEVEL", "EPOLL_EDGE"})
    void anEchoOfDirectBuffersAllocatesNothing(ProviderUnderTest underTest) throws IOException {
        assertThat(allocatedByEchoes(underTest, ByteBuffer.allocateDirect(64))).isZero();
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL_LEVEL", "EPOLL_EDGE"})
    void anEchoOfHeapBuffersAllocatesNothing(ProviderUnderTest underTest) throws IOException {
        assertThat(allocatedByEchoes(underTest, ByteBuffer.allocate(64))).isZero();
    }

    /**
     * Simulates channels that are used below many layers of calls, where inlining reaches its
     * limit.
     */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL_LEVEL", "EPOLL_EDGE"})
    void anEchoAllocatesNothingEvenIfTheCompilerInlinesLittle(ProviderUnderTest underTest)
            throws Exception {
        assertThat(ChildJvm.run(Echoes.class, List.of(underTest.name()), "-XX:MaxInlineLevel=9"))
                .containsExactly("direct: 0", "heap: 0");
    }

    /** Runs in a separate virtual machine. */
    static final class Echoes {

        private Echoes() {}

        static void main(String[] args) throws IOException {
            ProviderUnderTest underTest = ProviderUnderTest.valueOf(args[0]);
            System.out.println(
                    "direct: " + allocatedByEchoes(underTest, ByteBuffer.allocateDirect(64)));
            System.out.println("heap: " + allocatedByEchoes(underTest, ByteBuffer.allocate(64)));
        }
    }

    private static long allocatedByEchoes(ProviderUnderTest underTest, ByteBuffer buffer)
            throws IOException {
        try (Loopback loopback = new Loopback(underTest.provider())) {
            // Both ends are channels of the same selector and keep passing a message back and
            // forth.
            Selector selector = loopback.selector;
            SocketChannel client = loopback.open();
            client.connect(loopback.address());
            SocketChannel server = loopback.accept();
            loopback.awaitReady(client, SelectionKey.OP_CONNECT);
            client.finishConnect();
            selector.selectNow();
            client.register(selector, OP_READ);
            server.register(selector, OP_READ);
            client.write(Loopback.bytes("ping"));
            Consumer<SelectionKey> echo =
                    key -> {
                        SocketChannel channel = (SocketChannel) key.channel();
                        try {
                            channel.read(buffer.clear());
                            channel.write(buffer.flip());
                            key.interestOps(OP_READ);
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    };
            // The interpreter allocates until the code is compiled, at an unknown time, so take the
            // lowest of several counts.
            long least = Long.MAX_VALUE;
            for (int i = 0; i < 60 && least > 0; i++) {
                long before = THREADS.getCurrentThreadAllocatedBytes();
                for (int round = 0; round < ROUNDS; round++) {
                    selector.select(echo);
                    selector.selectNow(echo);
                    selector.select(echo, 1000);
                }
                least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
            }
            return least / ROUNDS;
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL_LEVEL", "EPOLL_EDGE"})
    void anIdleConnectionUsesLittleMemory(ProviderUnderTest underTest) throws IOException {
        int count = 2000;
        try (Loopback loopback = new Loopback(underTest.provider())) {
            SocketChannel[] channels = new SocketChannel[count];
            Connection first = loopback.connect();
            first.channel().register(loopback.selector, OP_READ | OP_WRITE);
            loopback.selector.selectNow(key -> {});
            for (int i = 0; i < count; i++) {
                loopback.connectPeerOnly();
                if (i % 500 == 499) {
                    acceptAll(loopback, channels, i - 499, i + 1);
                }
            }
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (SocketChannel channel : channels) {
                channel.register(loopback.selector, OP_READ);
            }
            long registering = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(registering / count).as("bytes for a key").isLessThan(150);
        }
    }

    private static void acceptAll(Loopback loopback, SocketChannel[] channels, int from, int to)
            throws IOException {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = from; i < to; i++) {
            while ((channels[i] = loopback.listener.accept()) == null) {
                Thread.onSpinWait();
            }
        }
        long accepting = THREADS.getCurrentThreadAllocatedBytes() - before;
        for (int i = from; i < to; i++) {
            loopback.closing(channels[i]).configureBlocking(false);
        }
        if (from > 0) { // the first connections also load classes and code
            assertThat(accepting / (to - from))
                    .as("bytes for a channel and its socket")
                    .isLessThan(300);
        }
    }
}
