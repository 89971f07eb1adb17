package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Alone;
import io.epollecho.Build;
import io.epollecho.ProcessFigures;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.List;

/** Connections leave no descriptor open, however they end. */
@Setups
@Alone("counts the descriptors of the process")
class DescriptorLeakTest extends Scenarios {

    /** Nor are connections that reuse a descriptor number mixed up. */
    @Test
    void churn() throws IOException {
        EchoServer server = start();
        churn(server, 200);
        Servers.awaitActive(server, 0);
        long descriptors = ProcessFigures.ofThis().descriptors();
        int count = Build.isThorough() ? 3_000 : crowd(1_000);
        churn(server, count);
        Servers.awaitActive(server, 0);
        awaitAtMost(descriptors);
        EchoServerStatistics statistics = server.statistics();
        int all = 200 + count;
        assertThat(statistics.accepted()).isEqualTo(all);
        assertThat(statistics.closed().get(CloseReason.PEER)).isEqualTo(all);
        assertThat(statistics.bytesReceived()).isEqualTo(all * 100L);
        assertThat(statistics.bytesSent()).isEqualTo(all * 100L);
        assertThat(statistics.rejectedTotal() + statistics.acceptErrors()).isZero();
    }

    private void churn(EchoServer server, int count) {
        Background.forEach(
                List.of(0, 1, 2, 3),
                part -> {
                    for (int i = 0; i < count / 4; i++) {
                        try (Peer peer = connect(server)) {
                            peer.echo(100);
                        }
                    }
                });
    }

    @Test
    void resetsAfterHalfCloseWithBytesPending() throws IOException {
        EchoServer server = startTight();
        Peer other = connect(server);
        other.echo(100);
        long descriptors = ProcessFigures.ofThis().descriptors();
        int count = Build.isThorough() ? 1_000 : 100;
        List<Peer> stalled = stalledPeers(server, count);
        for (Peer peer : stalled) {
            peer.endOutput();
        }
        other.echo(100);
        for (Peer peer : stalled) {
            peer.reset();
        }
        Servers.awaitClosed(server, CloseReason.RESET, count);
        awaitAtMost(descriptors);
        other.echo(100);
    }

    private static void awaitAtMost(long descriptors) {
        await().untilAsserted(
                        () ->
                                assertThat(ProcessFigures.ofThis().descriptors())
                                        .isLessThanOrEqualTo(descriptors));
    }
}
