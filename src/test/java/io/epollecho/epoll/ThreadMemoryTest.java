package io.epollecho.epoll;

import static io.epollecho.epoll.Loopback.bytes;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Alone;
import io.epollecho.epoll.Loopback.Connection;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

@Timeout(60)
@Alone("measures the direct memory of the process")
class ThreadMemoryTest {

    /** All threads read and write with heap buffers and stay alive. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL_LEVEL", "EPOLL_EDGE"})
    void virtualThreadsHoldNoMemoryBetweenTransfers(ProviderUnderTest underTest) throws Exception {
        int threads = 2_000;
        try (Loopback loopback = new Loopback(underTest.provider())) {
            Connection connection = loopback.connect();
            CountDownLatch transferred = new CountDownLatch(threads);
            CountDownLatch measured = new CountDownLatch(1);
            List<Thread> started = new ArrayList<>();
            long before = directBytes();
            for (int i = 0; i < threads; i++) {
                started.add(
                        Thread.startVirtualThread(
                                () -> {
                                    try {
                                        connection.channel().write(bytes("x"));
                                        connection.channel().read(ByteBuffer.allocate(1));
                                        transferred.countDown();
                                        measured.await();
                                    } catch (Exception e) {
                                        throw new AssertionError(e);
                                    }
                                }));
            }
            transferred.await();
            long held = directBytes() - before;
            measured.countDown();
            for (Thread thread : started) {
                thread.join();
            }
            // A few at work at the same time may have one each.
            assertThat(held).isLessThan(16 * ScratchBuffer.SIZE);
        }
    }

    private static long directBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }
}
