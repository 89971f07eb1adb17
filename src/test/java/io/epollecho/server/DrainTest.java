package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.epollecho.Stopwatch;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/** A drain lets connections finish, cuts none before the deadline, and ends in time. */
@Setups
class DrainTest extends Scenarios {

    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void drainOfAnUnusedServer() {
        EchoServer server = start();
        var watch = Stopwatch.start();
        assertThat(server.drain(LONG)).isTrue();
        assertThat(watch.elapsed()).isLessThan(Duration.ofSeconds(5));
        assertThat(server.state()).isEqualTo(EchoServerState.DRAINING);
    }

    /**
     * Returns the number of connections that the drain closed immediately because they had not
     * completed their header or handshake.
     */
    private long closedUnopened(EchoServer server) {
        return transport().speaksFirst() ? Servers.closed(server, CloseReason.DRAIN) : 0;
    }

    @Test
    void drainRefusesNewConnections() throws IOException {
        EchoServer server = start();
        InetSocketAddress address = server.localAddress();
        Peer busy = connect(server);
        busy.echo(100);
        Future<Boolean> drained = Servers.drain(server, LONG);
        // Until the listening socket is closed, another connection may be accepted, which is then
        // served.
        await().untilAsserted(
                        () -> {
                            busy.echo(100); // otherwise the drain would end it as idle
                            assertThatExceptionOfType(ConnectException.class)
                                    .isThrownBy(
                                            () -> {
                                                Peer late = connect(address, 0, 0);
                                                late.leave();
                                            });
                        });
        busy.echo(100);
        busy.endOutput();
        busy.expectEnd();
        assertThat(Background.get(drained)).isTrue();
        assertThat(Servers.closed(server, CloseReason.PEER) + closedUnopened(server))
                .isEqualTo(server.statistics().accepted());
    }

    @Test
    void drainEndsIdleConnections() throws IOException {
        EchoServer server = start();
        List<Peer> peers = connect(server, 20);
        for (Peer peer : peers.subList(0, 10)) {
            peer.echo(1_000);
        }
        awaitOpen(server, 20);
        Future<Boolean> drained = Servers.drain(server, LONG);
        for (Peer peer : peers) {
            peer.expectEnd();
        }
        assertThat(drained.isDone()).as("drained while peers are still connected").isFalse();
        assertThat(server.drainProgress())
                .hasValueSatisfying(
                        progress -> {
                            assertThat(progress.connectionsAtStart()).isEqualTo(20);
                            assertThat(progress.connectionsLeft()).isEqualTo(20);
                            assertThat(progress.remaining()).isBetween(Duration.ZERO, LONG);
                        });
        for (Peer peer : peers) {
            peer.close();
        }
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.DRAIN, 20);
    }

    @Test
    @Tag("slow")
    void drainKeepsServingBusyConnections() throws IOException {
        EchoServer server = start();
        Peer busy = connect(server);
        busy.echo(100);
        Future<Boolean> drained = Servers.drain(server, LONG);
        var watch = Stopwatch.start();
        await().pollInterval(Duration.ofMillis(20))
                .until(
                        () -> {
                            busy.echo(10_000);
                            return watch.isPast(Duration.ofMillis(1_600));
                        });
        busy.expectEnd();
        busy.close();
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.DRAIN, 1);
    }

    /**
     * A peer that never rests gets a FIN at the deadline, after everything that the server had
     * read.
     */
    @Test
    @Tag("slow")
    void drainDeadline() throws IOException {
        EchoServer server = startTight();
        List<Peer> restless = new ArrayList<>();
        List<Future<Void>> streams = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Peer peer = connect(server, 64 * 1024, 64 * 1024);
            restless.add(peer);
            streams.add(Background.run(() -> streamUntilEnd(peer)));
        }
        await().until(() -> restless.stream().allMatch(peer -> peer.received() > 1 << 20));
        var watch = Stopwatch.start();
        Duration timeout = Duration.ofMillis(1_500);
        Future<Boolean> drained = Servers.drain(server, timeout);
        Background.joinAll(streams);
        assertThat(watch.elapsed()).isGreaterThanOrEqualTo(timeout);
        assertThat(Background.get(drained)).isTrue();
        assertThat(watch.elapsed()).isLessThan(timeout.plusSeconds(4));
        Servers.assertClosed(server, CloseReason.DRAIN_TIMEOUT, 4);
        assertThat(restless.stream().mapToLong(Peer::received).sum())
                .as("bytes received, none of which was lost by a reset")
                .isEqualTo(server.statistics().bytesSent());
    }

    /** Sends continuously until the server ends its direction, then ends its own. */
    private static void streamUntilEnd(Peer peer) throws IOException {
        var reader = Background.run(peer::receiveToEnd);
        while (!reader.isDone()) {
            peer.send(10_000);
        }
        Background.join(reader);
        assertThat(peer.received()).isLessThanOrEqualTo(peer.sent());
        peer.endOutput();
        peer.close();
    }

    private static void exchangeUntilEnd(Peer peer) throws IOException {
        do {
            peer.send(5_000);
        } while (peer.receiveUnlessEnded(5_000));
        peer.endOutput();
        peer.close();
    }

    @Test
    void drainFlushesPendingBytes() throws IOException {
        EchoServer server = startTight();
        List<Peer> stalled = stalledPeers(server, 10);
        Future<Boolean> drained = Servers.drain(server, LONG);
        assertThat(server.statistics().pendingBytes()).isPositive();
        for (Peer peer : stalled.subList(0, 5)) {
            peer.receive(STALLING);
        }
        for (Peer peer : stalled.subList(5, 10)) {
            peer.endOutput();
            peer.receiveAllToEnd();
            peer.close();
        }
        var watch = Stopwatch.start();
        for (Peer peer : stalled.subList(0, 5)) {
            peer.expectEnd();
            peer.close();
        }
        assertThat(Background.get(drained)).isTrue();
        assertThat(watch.elapsed())
                .as("time to come to rest after the last byte")
                .isLessThan(Duration.ofSeconds(4));
        Servers.assertClosed(server, CloseReason.DRAIN, 5);
        Servers.assertClosed(server, CloseReason.PEER, 5);
    }

    /** A peer must not mistake the end of the connection for the end of the echo. */
    @Test
    @Tag("slow")
    void drainDeadlineResetsPeersThatDoNotRead() throws IOException {
        EchoServer server = startTight();
        List<Peer> stalled = stalledPeers(server, 10);
        var watch = Stopwatch.start();
        assertThat(server.drain(Duration.ofMillis(300))).isTrue();
        assertThat(watch.elapsed()).isBetween(Duration.ofMillis(300), Duration.ofSeconds(5));
        Servers.assertClosed(server, CloseReason.DRAIN_TIMEOUT, 10);
        assertThat(server.statistics().pendingBytes()).isZero();
        for (Peer peer : stalled) {
            peer.receiveToReset();
        }
    }

    @Test
    void drainWithoutTime() throws IOException {
        EchoServer server = start();
        List<Peer> peers = connect(server, 10);
        for (Peer peer : peers) {
            peer.echo(1_000);
        }
        var drained = Background.call(() -> server.drain(Duration.ZERO));
        for (Peer peer : peers) {
            peer.expectEnd();
            peer.close();
        }
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.DRAIN_TIMEOUT, 10);
    }

    /**
     * Connections at rest are not reported as cut, because everything they sent was already echoed.
     */
    @Test
    @Tag("slow")
    void drainWithoutTimeWithConnectionsAtRest() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server);
        peer.echo(100);
        Servers.awaitRest(server, 1);
        var drained = Background.call(() -> server.drain(Duration.ZERO));
        peer.expectEnd();
        peer.close();
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.DRAIN, 1);
    }

    /** At the deadline, the server does not wait for peers that keep their side open. */
    @Test
    @Tag("slow")
    void drainDeadlineCutsPeersThatDoNotEndTheirStream() throws IOException {
        EchoServer server = start();
        List<Peer> peers = connect(server, 10);
        for (Peer peer : peers) {
            peer.echo(1_000);
        }
        var watch = Stopwatch.start();
        assertThat(server.drain(Duration.ofMillis(200))).isTrue();
        assertThat(watch.elapsed()).isLessThan(Duration.ofSeconds(5));
        assertThat(server.statistics().active()).isZero();
        for (Peer peer : peers) {
            peer.expectEnd();
        }
    }

    @Test
    void drainUnderLoad() throws IOException {
        EchoServer server = start();
        List<Peer> busy = connect(server, 200);
        List<Future<Void>> exchanges = new ArrayList<>();
        for (Peer peer : busy) {
            exchanges.add(Background.run(() -> exchangeUntilEnd(peer)));
        }
        await().until(() -> busy.stream().allMatch(peer -> peer.received() > 20_000));
        Future<Boolean> drained = Servers.drain(server, Duration.ofMillis(500));
        Background.joinAll(exchanges);
        assertThat(Background.get(drained)).isTrue();
        assertThat(Servers.closed(server, CloseReason.RESET)).isZero();
        assertThat(server.statistics().closedTotal()).isEqualTo(200);
        assertThat(busy.stream().mapToLong(Peer::received).sum())
                .isEqualTo(server.statistics().bytesSent());
    }

    /** One peer that ignores its FIN does not delay the drain. */
    @Test
    @Tag("slow")
    void drainDoesNotWaitForAPeerThatIgnoresItsFin() throws IOException {
        EchoServer server = start();
        List<Peer> peers = connect(server, 11);
        for (Peer peer : peers.subList(0, 5)) {
            peer.echo(1_000);
        }
        Servers.awaitRest(server, peers.size());
        var watch = Stopwatch.start();
        Future<Boolean> drained = Servers.drain(server, Duration.ofSeconds(8));
        for (Peer peer : peers.subList(1, peers.size())) {
            peer.expectEnd();
            peer.close();
        }
        assertThat(Background.get(drained)).isTrue();
        assertThat(watch.elapsed()).isLessThan(Duration.ofSeconds(4));
        peers.getFirst().expectEnd();
        Servers.assertClosed(server, CloseReason.DRAIN, peers.size());
    }

    /** A connection that was recently busy lingers longer than one that was at rest. */
    @Test
    @Tag("slow")
    void lingerTimeout() throws IOException {
        Duration timeout = Duration.ofMillis(1_500);
        EchoServer server = start(settings -> settings.lingerTimeout(timeout));
        Peer peer = connect(server);
        peer.echo(100);
        Future<Boolean> drained = Servers.drain(server, LONG);
        var watch = Stopwatch.start();
        peer.echo(100);
        peer.expectEnd();
        assertThat(Background.get(drained)).isTrue();
        assertThat(watch.elapsed())
                .as("time to come to rest and to linger")
                .isBetween(Servers.REST.plus(timeout), Servers.REST.plus(timeout).plusSeconds(2));
        Servers.assertClosed(server, CloseReason.DRAIN, 1);
    }

    @Test
    @Tag("slow")
    void lingerTimeoutDoesNotOutlastTheDrain() throws IOException {
        Duration timeout = Duration.ofMillis(1_500);
        EchoServer server = start(settings -> settings.lingerTimeout(Duration.ofDays(1)));
        Peer peer = connect(server);
        peer.echo(100);
        var watch = Stopwatch.start();
        assertThat(server.drain(timeout)).isTrue();
        assertThat(watch.elapsed()).isLessThan(timeout.plusSeconds(3));
        peer.expectEnd();
        Servers.assertClosed(server, CloseReason.DRAIN, 1);
    }

    /**
     * The server reads bytes that were in flight when it sent the FIN, so that the kernel sends no
     * reset.
     */
    @Test
    @Tag("slow")
    void drainResetsNoPeerThatEndsInTime() throws IOException {
        EchoServer server = start();
        List<Peer> peers = connect(server, 20);
        Servers.awaitRest(server, peers.size());
        Future<Boolean> drained = Servers.drain(server, LONG);
        for (Peer peer : peers) {
            peer.expectEnd();
            peer.send(10_000);
            peer.endOutput();
        }
        assertThat(Background.get(drained)).isTrue();
        for (Peer peer : peers) {
            peer.expectEnd();
        }
        Servers.assertClosed(server, CloseReason.DRAIN, peers.size());
        assertThat(server.statistics().bytesReceived()).isEqualTo(peers.size() * 10_000L);
    }

    /** Durations that overflow {@link System#nanoTime()}, alone or added to the current time. */
    private static final List<Duration> ENDLESS =
            List.of(Duration.ofSeconds(Long.MAX_VALUE), Duration.ofNanos(Long.MAX_VALUE));

    @Test
    @Tag("slow")
    void endlessDrain() throws IOException {
        for (Duration endless : ENDLESS) {
            EchoServer server = startTight();
            Peer idle = connect(server);
            Peer stalled = stalledPeer(server);
            Future<Boolean> drained = Servers.drain(server, endless);
            idle.expectEnd();
            idle.close();
            Servers.awaitActive(server, 1);
            assertThat(server.drainProgress())
                    .hasValueSatisfying(
                            progress ->
                                    assertThat(progress.remaining())
                                            .isGreaterThan(Duration.ofDays(365)));
            assertThat(drained.isDone()).isFalse();
            var watch = Stopwatch.start();
            assertThat(server.drain(Duration.ofMillis(100))).isTrue();
            assertThat(Background.get(drained)).isTrue();
            assertThat(watch.elapsed()).isLessThan(Duration.ofSeconds(5));
            stalled.receiveToReset();
        }
    }

    @Test
    void endlessShutdown() throws IOException {
        for (Duration endless : ENDLESS) {
            EchoServer server = startTight();
            Peer stalled = stalledPeer(server);
            var shutdown = server.shutdown(endless);
            assertThat(server.state()).isEqualTo(EchoServerState.DRAINING);
            stalled.endOutput();
            stalled.receiveAllToEnd();
            Background.join(shutdown);
            assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);
            Servers.assertClosed(server, CloseReason.PEER, 1);
        }
    }

    @Test
    void negativeDrainTimeoutIsRejected() throws IOException {
        Duration negative = Duration.ofNanos(-1);
        EchoServer server = start();
        Peer peer = connect(server);
        peer.echo(100);
        assertThatIllegalArgumentException().isThrownBy(() -> server.drain(negative));
        assertThatIllegalArgumentException().isThrownBy(() -> server.shutdown(negative));
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
        peer.echo(100);
        server.stop();
        assertThatIllegalArgumentException().isThrownBy(() -> server.drain(negative));
        assertThatIllegalArgumentException().isThrownBy(() -> server.shutdown(negative));
    }

    @Test
    @Tag("slow")
    void drainMayBeRepeated() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server);
        peer.echo(100);
        Future<Boolean> first = Servers.drain(server, LONG);
        // The second call waits for the running drain and cannot extend it.
        Future<Boolean> second = Background.call(() -> server.drain(LONG.multipliedBy(2)));
        peer.expectEnd();
        assertThat(first.isDone() || second.isDone()).isFalse();
        peer.close();
        assertThat(Background.get(first)).isTrue();
        assertThat(Background.get(second)).isTrue();
        assertThat(server.drain(LONG)).isTrue();
        Servers.assertClosed(server, CloseReason.DRAIN, 1);
    }

    @Test
    @Tag("slow")
    void drainDeadlineMayBeBroughtForward() throws IOException {
        EchoServer server = startTight();
        List<Peer> stalled = stalledPeers(server, 4);
        Peer idle = connect(server);
        idle.echo(100);
        var watch = Stopwatch.start();
        Future<Boolean> drained = Servers.drain(server, LONG);
        assertThat(server.drain(Duration.ofMillis(100))).isTrue();
        assertThat(Background.get(drained)).isTrue();
        assertThat(watch.elapsed()).isLessThan(Duration.ofSeconds(5));
        idle.expectEnd();
        for (Peer peer : stalled) {
            peer.receiveToReset();
        }
        assertThat(server.statistics().closed()).containsEntry(CloseReason.DRAIN_TIMEOUT, 5L);
    }

    @Test
    @Tag("slow")
    void stopCutsADrainShort() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server);
        peer.echo(100);
        Future<Boolean> drained = Servers.drain(server, LONG);
        peer.expectEnd();
        server.stop();
        assertThat(Background.get(drained)).isTrue();
        assertThat(server.drainProgress()).isEmpty();
        assertThat(server.statistics().active()).isZero();
    }
}
