package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Alone;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.time.Duration;

/** Tests of a server that polls for a while before its loops sleep. */
@Timeout(60)
@ExtendWith(OwnThreads.class)
@Tag("slow")
@Alone("measures the time that a loop polls, which other tests would lengthen")
class BusyPollTest {

    private static final Duration POLL = Duration.ofMillis(10);

    /** Much longer than the polling, and than what the timers cost meanwhile. */
    private static final Duration IDLE = Duration.ofSeconds(1);

    private static final Duration LITTLE = IDLE.dividedBy(4);

    @ParameterizedTest
    @EnumSource
    void idleServerTakesNoProcessorTime(Backend backend) throws IOException {
        try (EchoServer server =
                        EchoServer.start(
                                backend.settings().busyPoll(POLL).idleTimeout(IDLE).build());
                var socket = new Socket()) {
            Thread loop = OwnThreads.named("echo-server-0");
            socket.connect(server.localAddress());
            socket.getOutputStream().write(1);
            assertThat(socket.getInputStream().read()).isOne();

            Duration atFirst = cpuTime(loop);
            // The server is idle until it closes the connection for that reason.
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            assertThat(cpuTime(loop).minus(atFirst)).isLessThan(LITTLE);
            // It polls after the accept, the bytes and the end, but not after each heartbeat.
            assertThat(server.statisticsByLoop().getFirst().pollingTime())
                    .isBetween(Duration.ofNanos(1), POLL.multipliedBy(5));
        }
    }

    private static Duration cpuTime(Thread thread) {
        return Duration.ofNanos(
                ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.threadId()));
    }
}
