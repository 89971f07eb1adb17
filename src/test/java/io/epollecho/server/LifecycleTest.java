package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.epollecho.Ports;
import io.epollecho.Stopwatch;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/** A server can be started and stopped any number of times and leaves nothing behind. */
@Setups
class LifecycleTest extends Scenarios {

    /** Much longer than a loop takes for a task. */
    private static final Duration PROMPT = Duration.ofSeconds(5);

    private EchoServerConfig onPort(int port) {
        return settings().port(port).drainTimeout(Duration.ofSeconds(5)).build();
    }

    private EchoServer createOnPort(int port) {
        return create(onPort(port), EchoServerListener.NONE);
    }

    @Test
    void portInUse() throws IOException {
        EchoServer first = start(settings -> settings.port(Ports.free()));
        InetSocketAddress address = first.localAddress();
        EchoServer second = createOnPort(address.getPort());
        assertThatExceptionOfType(BindFailedException.class)
                .isThrownBy(second::start)
                .withMessageContaining("127.0.0.1:" + address.getPort())
                .satisfies(e -> assertThat(e.address()).isEqualTo(address))
                .withCauseInstanceOf(BindException.class);
        assertThat(second.state()).isEqualTo(EchoServerState.STOPPED);
        connect(first).echo(100);

        first.stop();
        Servers.startOnFreedPort(second);
        connect(second).echo(100);
    }

    /** The server closes first, so that TIME_WAIT and lasting FIN_WAIT_2 states are on its side. */
    @Test
    void restartOnTheSamePort() throws IOException {
        EchoServer server = createOnPort(Ports.free());
        for (int i = 0; i < 20; i++) {
            Servers.startOnFreedPort(server);
            List<Peer> peers = connect(server, 5);
            for (Peer peer : peers) {
                peer.echo(100);
            }
            server.stop();
            for (Peer peer : peers.subList(i % 2, 5)) {
                peer.expectEnd();
                peer.close();
            }
        }
        assertThat(server.statistics().accepted()).isEqualTo(100);
        assertThat(server.statistics().bytesSent()).isEqualTo(100 * 100);
    }

    @Test
    void startAndStopMayBeRepeated() throws IOException {
        EchoServer server = createOnPort(Ports.free());
        assertThatIllegalStateException().isThrownBy(server::localAddress);
        server.stop();
        assertThat(server.drain(Duration.ZERO)).isTrue();
        server.start();
        Peer peer = connect(server);
        peer.echo(100);
        server.start();
        peer.echo(100);
        assertThat(server.statistics().active()).isEqualTo(1);
        server.stop();
        server.stop();
        server.close();
        assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);
        assertThat(server.drain(Duration.ZERO)).isTrue();
        assertThat(Background.get(server.newestConnections(10))).isEmpty();
    }

    @Test
    void restartKeepsThePeakAndResetsTheUptime() throws IOException {
        EchoServer server = createOnPort(Ports.free());
        assertThat(server.uptime()).isZero();
        assertThat(server.peakConnections()).isZero();
        server.start();
        for (Peer peer : connect(server, 3)) {
            peer.echo(100);
        }
        assertThat(server.peakConnections()).isEqualTo(3);
        assertThat(server.uptime()).isPositive();
        server.stop();
        assertThat(server.uptime()).isZero();
        assertThat(server.peakConnections()).isEqualTo(3);
        var sinceStop = Stopwatch.start();
        Servers.startOnFreedPort(server);
        assertThat(server.uptime()).isPositive().isLessThanOrEqualTo(sinceStop.elapsed());
        connect(server).echo(100);
        assertThat(server.peakConnections()).isEqualTo(3);
    }

    @Test
    void stopFreesThePortAndEndsTheThreads() throws IOException {
        EchoServer server = start();
        InetSocketAddress address = server.localAddress();
        Peer peer = connect(server);
        peer.echo(100);
        Set<Thread> loops = loopThreads();
        server.stop();
        Servers.awaitRefusal(() -> connect(address, 0, 0).close());
        assertThat(loops).hasSize(eventLoops()).noneMatch(Thread::isAlive);
        peer.expectEnd();
        Servers.assertClosed(server, CloseReason.DRAIN_TIMEOUT, 1);
    }

    @Test
    void closeDrainsAndStops() throws IOException {
        EchoServer closed;
        Peer peer;
        try (EchoServer server = EchoServer.start(onPort(0))) {
            closed = server;
            peer = connect(server);
            peer.echo(100);
            peer.endOutput();
            peer.expectEnd();
        }
        assertThat(closed.state()).isEqualTo(EchoServerState.STOPPED);
        Servers.assertClosed(closed, CloseReason.PEER, 1);
    }

    /** An idle peer might never end its side. */
    @Test
    @Tag("slow")
    void closeDoesNotWaitForAnIdlePeer() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server);
        Servers.awaitRest(server, 1);
        var watch = Stopwatch.start();
        server.close();
        assertThat(watch.elapsed()).isLessThan(Duration.ofSeconds(4));
        peer.expectEnd();
        Servers.assertClosed(server, CloseReason.DRAIN, 1);
    }

    @Test
    void listenerSeesEachState() {
        var seen = new CopyOnWriteArrayList<EchoServerState>();
        EchoServer server = create(settings().build(), (changed, state) -> seen.add(state));
        for (int i = 0; i < 2; i++) {
            server.start();
            server.start();
            assertThat(server.drain(Duration.ofSeconds(5))).isTrue();
            assertThat(server.drain(Duration.ofSeconds(5))).isTrue();
            server.stop();
            server.stop();
        }
        assertThat(seen)
                .containsExactly(
                        EchoServerState.RUNNING,
                        EchoServerState.DRAINING,
                        EchoServerState.STOPPED,
                        EchoServerState.RUNNING,
                        EchoServerState.DRAINING,
                        EchoServerState.STOPPED);
    }

    @Test
    void failingListenerIsHarmless() throws IOException {
        EchoServer server =
                create(
                        settings().build(),
                        (changed, state) -> {
                            throw new IllegalStateException("for the test");
                        });
        server.start();
        connect(server).echo(100);
        server.stop();
        assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);
    }

    @Test
    void startWhileDrainingIsRefused() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server);
        peer.echo(100);
        var drained = Background.call(() -> server.drain(Duration.ofSeconds(60)));
        await().until(() -> server.state() == EchoServerState.DRAINING);
        assertThatIllegalStateException()
                .isThrownBy(server::start)
                .withMessageContaining("draining");
        peer.endOutput();
        peer.expectEnd();
        assertThat(Background.get(drained)).isTrue();
        assertThatIllegalStateException().isThrownBy(server::start);
        server.stop();
        server.start();
        connect(server).echo(100);
    }

    /**
     * If one loop dies, all are stopped; otherwise connections dealt to it would be lost. The dead
     * loop's peers get a reset, not a clean end.
     */
    @Test
    void deadLoop() throws IOException {
        var faulty = new FaultyProvider(selector().provider());
        var seen = new CopyOnWriteArrayList<EchoServerState>();
        EchoServer server =
                create(
                        settings().port(Ports.free()).selector(faulty.as(selector())).build(),
                        (changed, state) -> seen.add(state));
        server.start();
        InetSocketAddress address = server.localAddress();
        List<Peer> peers = connect(address, 10);
        for (Peer peer : peers) {
            peer.echo(100);
        }
        assertThat(server.failure()).isEmpty();
        var defect = new IllegalStateException("broken for the test");
        faulty.selectors().getLast().breakDown(defect);

        assertThat(resets(peers)).isEqualTo(peers.size() / eventLoops());
        await().until(() -> server.state() == EchoServerState.FAILED);
        assertThat(server.failure()).containsSame(defect);
        await().until(() -> server.statistics().active() == 0);
        Servers.awaitRefusal(() -> connect(address, 0, 0).close());
        assertThat(Servers.closed(server, CloseReason.ERROR)).isPositive();

        Servers.startOnFreedPort(server);
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
        assertThat(server.failure()).isEmpty();
        connect(server).echo(100);
        server.stop();
        assertThat(seen)
                .containsExactly(
                        EchoServerState.RUNNING,
                        EchoServerState.FAILED,
                        EchoServerState.STOPPED,
                        EchoServerState.RUNNING,
                        EchoServerState.STOPPED);
    }

    /** Returns how many of the peers were reset. Expects that none receives another byte. */
    private static int resets(List<Peer> peers) throws IOException {
        int resets = 0;
        for (Peer peer : peers) {
            resets += peer.endsByReset() ? 1 : 0;
        }
        return resets;
    }

    /** The drain's task runs on a loop whose selector is already broken. */
    @Test
    void loopThatDiesWhileDraining() throws Exception {
        var faulty = new FaultyProvider(selector().provider());
        EchoServer server = start(settings -> settings.selector(faulty.as(selector())));
        InetSocketAddress address = server.localAddress();
        List<Peer> peers = connect(address, 4);
        for (Peer peer : peers) {
            peer.echo(100);
        }
        FaultyProvider.FaultySelector acceptorsSelector = faulty.selectors().getFirst();
        acceptorsSelector.hold();
        var drained = Background.call(() -> server.drain(Duration.ofMinutes(10)));
        await().until(() -> server.state() == EchoServerState.DRAINING);
        acceptorsSelector.breakDown(new IllegalStateException("broken for the test"));
        assertThat(resets(peers)).isEqualTo(peers.size() / eventLoops());
        await().until(() -> server.statistics().active() == 0);
        await().until(() -> server.state() == EchoServerState.FAILED);
        Servers.awaitRefusal(() -> connect(address, 0, 0).close());
        Background.join(drained);
    }

    private static long rebuilds(EchoServer server) {
        return server.statisticsByLoop().stream().mapToLong(LoopStatistics::selectorRebuilds).sum();
    }

    /** A spinning selector would waste a processor and may have lost registrations. */
    @Test
    void spinningSelectorIsRebuilt() throws Exception {
        var faulty = new FaultyProvider(selector().provider());
        EchoServer server = start(settings -> settings.selector(faulty.as(selector())));
        List<Peer> peers = connect(server, 10);
        for (Peer peer : peers) {
            peer.echo(1_000);
        }
        assertThat(rebuilds(server)).isZero();
        for (FaultyProvider.FaultySelector selector : List.copyOf(faulty.selectors())) {
            selector.spin();
        }
        await().until(() -> rebuilds(server) == eventLoops());
        assertThat(faulty.selectors()).hasSize(2 * eventLoops());
        for (Peer peer : peers) {
            peer.echo(1_000);
        }
        connect(server).echo(1_000);
        assertThat(server.statistics().active()).isEqualTo(11);
        assertThat(rebuilds(server)).isEqualTo(eventLoops());
    }

    /**
     * A thread that submits a task during the rebuild wakes the selector that is about to be
     * closed.
     */
    @Test
    @Tag("slow")
    void taskSubmittedWhileTheSelectorIsRebuilt() throws Exception {
        FaultyProvider faulty = faultyProvider();
        EchoServer server = start(faulty);
        Peer peer = connect(server);
        peer.echo(100);
        FaultyProvider.Gate replacement = faulty.holdOpening();
        try {
            faulty.selectors().getLast().spin();
            replacement.awaitArrival();
            var newest = server.newestConnections(10);
            // By then the watchdog's task is waiting too, and no later task wakes the loop.
            await().until(server::stalled);
            replacement.open();
            assertThat(newest)
                    .succeedsWithin(PROMPT)
                    .asInstanceOf(InstanceOfAssertFactories.LIST)
                    .hasSize(1);
        } finally {
            replacement.open();
        }
        await().until(() -> !server.stalled());
        peer.echo(100);
        assertThat(rebuilds(server)).isEqualTo(1);
    }

    @Test
    void failingTaskDoesNotStopTheLoop() throws IOException {
        FaultyProvider faulty = faultyProvider();
        var defect = new IllegalStateException("broken for the test");
        var broken = new AtomicBoolean();
        faulty.disguisePeers(
                address -> {
                    if (broken.get()) {
                        throw defect;
                    }
                    return address;
                });
        EchoServer server = start(faulty);
        List<Peer> peers = connect(server, 2);
        for (Peer peer : peers) {
            peer.echo(100);
        }
        broken.set(true);
        assertThat(server.newestConnections(10))
                .failsWithin(PROMPT)
                .withThrowableThat()
                .havingRootCause()
                .isSameAs(defect);
        broken.set(false);
        for (Peer peer : peers) {
            peer.echo(100);
        }
        assertThat(Background.get(server.newestConnections(10))).hasSize(2);
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @Test
    void negativeLimitOfNewestConnectionsIsRejected() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server);
        peer.echo(100);
        assertThatIllegalArgumentException().isThrownBy(() -> server.newestConnections(-1));
        assertThat(Background.get(server.newestConnections(0))).isEmpty();
        peer.echo(100);
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
        server.stop();
        assertThatIllegalArgumentException().isThrownBy(() -> server.newestConnections(-1));
    }

    @Test
    @Tag("slow")
    void stuckLoopIsReported() throws Exception {
        var faulty = new FaultyProvider(selector().provider());
        var seen = new CopyOnWriteArrayList<Boolean>();
        EchoServer server =
                create(
                        settings().selector(faulty.as(selector())).build(),
                        new EchoServerListener() {
                            @Override
                            public void stateChanged(EchoServer server, EchoServerState state) {}

                            @Override
                            public void stallChanged(EchoServer server, boolean stalled) {
                                seen.add(stalled);
                            }
                        });
        server.start();
        List<Peer> peers = connect(server.localAddress(), 2);
        for (Peer peer : peers) {
            peer.echo(100);
        }
        assertThat(server.stalled()).isFalse();
        FaultyProvider.FaultySelector stuck = faulty.selectors().getLast();
        stuck.hold();
        await().until(server::stalled);
        stuck.release();
        await().until(() -> !server.stalled());
        for (Peer peer : peers) {
            peer.echo(100);
        }
        assertThat(seen).containsExactly(true, false);
    }

    @Test
    void listensOnlyOnTheLoopbackAddress() throws Exception {
        EchoServer server = start();
        int port = server.localAddress().getPort();
        assertThat(server.localAddress().getAddress()).isEqualTo(InetAddress.getLoopbackAddress());
        connect(server).echo(100);
        for (InetAddress outer : outerAddresses()) {
            assertThatExceptionOfType(ConnectException.class)
                    .isThrownBy(() -> connect(new InetSocketAddress(outer, port), 0, 0));
        }
    }

    @Test
    void listensOnlyOnAnIpv6Address() throws IOException {
        InetAddress loopback = ipv6Loopback();
        EchoServer server = start(settings -> settings.address(loopback));
        assertThat(server.localAddress().getAddress()).isEqualTo(loopback);
        Peer peer = connect(server.localAddress(), 0, 0);
        peer.echo(100);
        assertThat(Background.get(server.newestConnections(1)))
                .extracting(ConnectionInfo::peer)
                .containsExactly(peer.address());
        InetSocketAddress ipv4 =
                new InetSocketAddress(
                        InetAddress.ofLiteral("127.0.0.1"), server.localAddress().getPort());
        assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> connect(ipv4, 0, 0));
    }

    @Test
    void listensOnAllAddressesOfBothFamilies() throws Exception {
        InetAddress ipv6 = ipv6Loopback();
        EchoServer server = start(settings -> settings.address(null));
        int port = server.localAddress().getPort();
        assertThat(server.localAddress().getAddress().isAnyLocalAddress()).isTrue();
        Peer overIpv4 =
                connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 0, 0);
        overIpv4.echo(100);
        Peer overIpv6 = connect(new InetSocketAddress(ipv6, port), 0, 0);
        overIpv6.echo(100);
        for (InetAddress outer : outerAddresses()) {
            connect(new InetSocketAddress(outer, port), 0, 0).echo(100);
        }
        assertThat(Background.get(server.newestConnections(100)))
                .extracting(ConnectionInfo::peer)
                .contains(overIpv4.address(), overIpv6.address());
    }

    private static InetAddress ipv6Loopback() throws IOException {
        boolean available =
                NetworkInterface.networkInterfaces()
                        .flatMap(NetworkInterface::inetAddresses)
                        .anyMatch(
                                address ->
                                        address instanceof Inet6Address
                                                && address.isLoopbackAddress());
        assumeTrue(available, "IPv6 is not available");
        return InetAddress.ofLiteral("::1");
    }

    private static List<InetAddress> outerAddresses() throws IOException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                .toList();
    }
}
