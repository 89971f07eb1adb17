package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Alone;
import io.epollecho.Build;
import io.epollecho.ProcessFigures;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;

/** Enough load to trigger rare events. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
@Alone("counts the descriptors of the process, and keeps every processor busy")
class FullLoadTest {

    private static final int TURNS =
            Integer.getInteger("load.turns", Build.isThorough() ? 1_000_000 : 100_000);
    private static final int CYCLES =
            Integer.getInteger("load.cycles", Build.isThorough() ? 100_000 : 5_000);
    private static final int CONNECTIONS = 64;

    /** A lost edge would leave a connection without its reply. */
    @ParameterizedTest
    @EnumSource
    void manyTurnsWithoutAStall(Backend backend) throws IOException {
        try (EchoServer server = backend.start()) {
            long bytes;
            try (var exchange = new RequestReply(server.localAddress(), CONNECTIONS, 100)) {
                exchange.run(TURNS);
                assertThat(exchange.longest()).isLessThan(RequestReply.LONGEST);
                bytes = exchange.bytes();
            }
            Servers.awaitActive(server, 0);
            assertThat(server.statistics().bytesSent()).isEqualTo(bytes);
            Servers.assertClosed(server, CloseReason.PEER, CONNECTIONS);
        }
    }

    /** No descriptor leaks, and connections that reuse a descriptor number are not mixed up. */
    @ParameterizedTest
    @EnumSource
    void churnLeavesNoDescriptorOpen(Backend backend) throws IOException {
        ProcessFigures figures = ProcessFigures.ofThis();
        try (EchoServer server = backend.start()) {
            Churn.run(server.localAddress(), 100);
            Servers.awaitActive(server, 0);
            long before = figures.descriptors();
            Churn.run(server.localAddress(), CYCLES);
            Servers.awaitActive(server, 0);
            await().untilAsserted(
                            () -> assertThat(figures.descriptors()).isLessThanOrEqualTo(before));
            EchoServerStatistics statistics = server.statistics();
            assertThat(statistics.accepted()).isEqualTo(CYCLES + 100);
            Servers.assertClosed(server, CloseReason.PEER, CYCLES + 100);
            assertThat(statistics.bytesReceived()).isEqualTo((CYCLES + 100L) * Churn.LENGTH);
            assertThat(statistics.bytesSent()).isEqualTo(statistics.bytesReceived());
            assertThat(statistics.rejectedTotal() + statistics.acceptErrors()).isZero();
        }
    }
}
