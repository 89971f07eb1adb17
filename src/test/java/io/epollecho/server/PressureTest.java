package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/**
 * Peers that send a lot and read little cost the server one buffer each and do not affect other
 * peers.
 */
@Setups
class PressureTest extends Scenarios {

    @Test
    void slowReader() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server, 4_096, 0);
        var writer =
                Background.run(
                        () -> {
                            peer.send(12 << 20);
                            peer.endOutput();
                        });
        await().until(() -> server.statistics().pendingBytes() > 0);
        peer.receive(2 << 20, 777);
        assertThat(server.statistics().pendingBytes())
                .isLessThanOrEqualTo(server.config().readBufferSize());
        peer.receiveToEnd();
        Background.join(writer);
        assertThat(peer.received()).isEqualTo(12 << 20);
    }

    @Test
    void silentReader() throws IOException {
        EchoServer server = start();
        Peer silent = connect(server);
        Peer other = connect(server);
        var writer =
                Background.run(
                        () -> {
                            silent.send(64 << 20);
                            silent.endOutput();
                        });
        await().until(() -> server.statistics().pendingBytes() > 0);
        // The server has stopped reading, although more bytes are waiting, and no longer writes
        // either.
        EchoServerStatistics stalled = awaitStandstill(server);
        Duration usedBefore = cpuTimeOfLoops();
        awaitStandstill(server);
        assertThat(cpuTimeOfLoops().minus(usedBefore))
                .as("processor time used in 300 ms of standstill")
                .isLessThan(Duration.ofMillis(100));
        assertThat(stalled.pendingBytes())
                .isBetween(1L, (long) server.config().readBufferSize())
                .isEqualTo(stalled.bytesReceived() - stalled.bytesSent());
        assertThat(writer.isDone()).isFalse();
        other.echo(100_000);
        silent.receiveToEnd();
        Background.join(writer);
        assertThat(silent.received()).isEqualTo(64 << 20);
        assertThat(server.statistics().pendingBytes()).isZero();
    }

    /** Waits until no byte has moved for a while. */
    private static EchoServerStatistics awaitStandstill(EchoServer server) {
        var last = new EchoServerStatistics[] {server.statistics()};
        await().during(Duration.ofMillis(300))
                .until(
                        () -> {
                            EchoServerStatistics now = server.statistics();
                            boolean still = now.bytesReceived() == last[0].bytesReceived();
                            still &= now.bytesSent() == last[0].bytesSent();
                            last[0] = now;
                            return still;
                        });
        return last[0];
    }

    @Test
    @Tag("slow")
    void manySilentReaders() throws IOException {
        EchoServer server = startTight();
        int crowd = crowd(200);
        int length = 512 * 1024;
        long most = (long) crowd * server.config().readBufferSize();
        Peer other = connect(server);
        List<Peer> silent = new ArrayList<>();
        List<Future<Void>> writers = new ArrayList<>();
        for (int i = 0; i < crowd; i++) {
            Peer peer = connect(server, 8_192, 8_192);
            silent.add(peer);
            writers.add(
                    Background.run(
                            () -> {
                                peer.send(length);
                                peer.endOutput();
                            }));
        }
        Set<Object> addresses = silent.stream().map(Peer::address).collect(Collectors.toSet());
        await().until(
                        () -> {
                            assertThat(server.statistics().pendingBytes()).isBetween(0L, most);
                            return Background.get(server.newestConnections(crowd + 1)).stream()
                                            .filter(info -> addresses.contains(info.peer()))
                                            .filter(info -> info.pendingBytes() > 0)
                                            .count()
                                    == crowd;
                        });
        assertThat(awaitStandstill(server).pendingBytes()).isBetween((long) crowd, most);
        assertThat(Background.get(server.newestConnections(crowd + 1)))
                .allSatisfy(
                        info ->
                                assertThat(info.pendingBytes())
                                        .isLessThanOrEqualTo(server.config().readBufferSize()));
        other.echo(10_000);
        for (Peer peer : silent) {
            peer.receiveToEnd();
            assertThat(peer.received()).isEqualTo(length);
        }
        Background.joinAll(writers);
        Servers.awaitActive(server, 1);
        assertThat(server.statistics().pendingBytes()).isZero();
        Servers.assertClosed(server, CloseReason.PEER, crowd);
    }

    /** A reset shows that the echo is incomplete. The peers that fit into the limit continue. */
    @Test
    void pendingLimit() throws IOException {
        int crowd = 50;
        long limit = 256 * 1024; // enough for a third of the peers
        EchoServer server = startTight(settings -> settings.maxPending(limit));
        Peer bystander = connect(server);
        bystander.echo(100);
        int whole = 0;
        try (var log = new CapturedLog()) {
            List<Peer> silent = new ArrayList<>();
            for (int i = 0; i < crowd; i++) {
                Peer peer = connect(server, 8_192, 0);
                if (peer.sendUnlessReset(STALLING)) {
                    silent.add(peer);
                }
            }
            assertThat(awaitStandstill(server).pendingBytes()).isBetween(1L, limit);
            bystander.echo(1_000);
            for (Peer peer : silent) {
                whole += peer.receiveAllUnlessReset() ? 1 : 0;
            }
            assertThat(log.events())
                    .filteredOn(event -> event.getLevel() == Level.WARN)
                    .as("log lines, at most one per second")
                    .hasSizeBetween(1, 15);
        }
        assertThat(whole).as("peers that fit").isBetween(1, crowd - 1);
        Servers.awaitActive(server, 1);
        Servers.assertClosed(server, CloseReason.PEER, whole);
        Servers.assertClosed(server, CloseReason.PENDING_LIMIT, crowd - whole);
        assertThat(server.statistics().pendingBytes()).isZero();

        Peer late = stalledPeer(server); // space is available again
        late.receive(STALLING);
        bystander.echo(100);
    }

    /** An interrupt that is never cleared would make every select return immediately. */
    @Test
    void interruptedLoopDoesNotSpin() throws IOException {
        EchoServer server = start();
        Set<Thread> loops = loopThreads();
        Peer peer = connect(server);
        peer.echo(100);
        loops.forEach(Thread::interrupt);
        peer.echo(100);
        await().until(() -> loops.stream().noneMatch(Thread::isInterrupted));
        peer.echo(100);
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }
}
