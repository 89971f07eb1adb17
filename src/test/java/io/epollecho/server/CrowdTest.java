package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Stopwatch;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Many misbehaving peers at once. */
@Setups
class CrowdTest extends Scenarios {

    @Test
    @Tag("slow")
    void manyStalledReaders() throws IOException {
        EchoServer server = startTight();
        int crowd = crowd(1_000);
        int buffer = server.config().readBufferSize();
        Peer other = connect(server);
        List<Peer> stalled = stalledPeers(server, crowd);
        assertNotSpinning(server, crowd + 1);
        assertThat(server.statistics().pendingBytes())
                .isBetween((long) crowd, (long) crowd * buffer);
        assertThat(Background.get(server.newestConnections(crowd + 1)))
                .hasSize(crowd + 1)
                .allSatisfy(info -> assertThat(info.pendingBytes()).isLessThanOrEqualTo(buffer));
        other.echo(10_000);

        var left = new ConcurrentLinkedQueue<>(stalled);
        Background.forEach(
                List.of(0, 1, 2, 3),
                thread -> {
                    for (Peer peer = left.poll(); peer != null; peer = left.poll()) {
                        peer.endOutput();
                        peer.receiveAllToEnd();
                        peer.close();
                    }
                });
        Servers.awaitActive(server, 1);
        assertThat(server.statistics().pendingBytes()).isZero();
        Servers.assertClosed(server, CloseReason.PEER, crowd);
        assertThat(server.statistics().bytesSent()).isEqualTo((long) crowd * STALLING + 10_000);
    }

    @Test
    @Tag("slow")
    void manyStalledReadersEndByTheirDeadline() throws IOException {
        Duration timeout = Duration.ofSeconds(1);
        EchoServer server = startTight(settings -> settings.writeTimeout(timeout));
        int crowd = crowd(1_000);
        Peer other = connect(server);
        other.echo(100);
        var sinceFirst = Stopwatch.start();
        List<Peer> stalled = new ArrayList<>();
        for (int i = 0; i < crowd; i++) {
            Peer peer = connect(server, 8 * 1024, 0);
            stalled.add(peer);
            peer.send(STALLING);
        }
        var sinceLast = Stopwatch.start();
        await().until(() -> Servers.closed(server, CloseReason.WRITE_STALL) > 0);
        assertThat(sinceFirst.elapsed()).isGreaterThanOrEqualTo(timeout);
        Servers.awaitClosed(server, CloseReason.WRITE_STALL, crowd);
        assertThat(sinceLast.elapsed()).isLessThan(timeout.plusSeconds(2));
        assertThat(server.statistics().pendingBytes()).isZero();
        for (Peer peer : stalled) {
            peer.receiveToReset();
            assertThat(peer.received()).isLessThan(peer.sent());
        }
        other.echo(100);
        assertThat(server.statistics().active()).isEqualTo(1);
    }

    /**
     * The server has stopped reading from these peers, so only the selector can report the reset.
     */
    @Test
    @Tag("slow")
    void manyResetsAfterHalfCloseWithBytesPending() throws IOException {
        EchoServer server = startTight();
        int crowd = crowd(1_000);
        Peer other = connect(server);
        other.echo(100);
        List<Peer> stalled = stalledPeers(server, crowd);
        for (Peer peer : stalled) {
            peer.endOutput();
        }
        other.echo(100);
        assertNotSpinning(server, crowd + 1);
        for (Peer peer : stalled) {
            peer.reset();
        }
        await().atMost(Duration.ofSeconds(5))
                .until(() -> Servers.closed(server, CloseReason.RESET) == crowd);
        assertThat(server.statistics().pendingBytes()).isZero();
        other.echo(100);
        assertNotSpinning(server, 1);
    }

    /** Asserts that the loops use hardly any processor time while nothing moves. */
    private void assertNotSpinning(EchoServer server, long connections) throws IOException {
        Duration before = cpuTimeOfLoops();
        await().during(Duration.ofMillis(500))
                .until(() -> server.statistics().active() == connections);
        assertThat(cpuTimeOfLoops().minus(before))
                .as("processor time used in half a second of standstill")
                .isLessThan(Duration.ofMillis(150));
    }
}
