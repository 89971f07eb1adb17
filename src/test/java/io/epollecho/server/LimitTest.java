package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.spi.ILoggingEvent;

import io.epollecho.Stopwatch;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** Limits affect only the peers that exceed them, and each refusal is reported. */
@Setups
class LimitTest extends Scenarios {

    @Test
    void connectionLimit() throws IOException {
        EchoServer server = start(settings -> settings.maxConnections(50));
        List<Peer> admitted = connect(server, 50);
        Servers.awaitActive(server, 50);
        List<Peer> refused = connect(server, 100);
        await().until(() -> server.statistics().rejectedTotal() == 100);
        assertThat(Servers.rejected(server, RejectReason.LIMIT)).isEqualTo(100);
        assertThat(server.statistics().accepted()).isEqualTo(50);
        assertThat(server.statistics().active()).isEqualTo(50);
        for (Peer peer : admitted) {
            peer.echo(1_000);
        }
        for (Peer peer : refused) {
            peer.expectRefusal();
        }

        for (Peer peer : admitted.subList(0, 10)) {
            peer.close();
        }
        Servers.awaitActive(server, 40);
        for (Peer peer : connect(server, 10)) {
            peer.echo(1_000);
        }
        assertThat(server.statistics().rejectedTotal()).isEqualTo(100);
        connect(server).expectRefusal();
        assertThat(Servers.rejected(server, RejectReason.LIMIT)).isEqualTo(101);
        for (Peer peer : admitted.subList(10, 50)) {
            peer.echo(1_000);
        }
    }

    @Test
    void connectionLimitPerAddress() throws IOException {
        InetAddress one = InetAddress.ofLiteral("127.0.0.1");
        InetAddress other = InetAddress.ofLiteral("127.0.0.2");
        EchoServer server = start(settings -> settings.address(one).maxConnectionsPerAddress(3));
        List<Peer> admitted = new ArrayList<>();
        for (InetAddress address : List.of(one, other)) {
            for (int i = 0; i < 3; i++) {
                admitted.add(connect(server.localAddress(), address));
            }
        }
        for (Peer peer : admitted) {
            peer.echo(100);
        }
        connect(server.localAddress(), one).expectRefusal();
        connect(server.localAddress(), other).expectRefusal();
        await().until(() -> Servers.refusedByAddress(server) == 2);

        admitted.getFirst().close();
        Servers.awaitActive(server, 5);
        connect(server.localAddress(), other).expectRefusal();
        connect(server.localAddress(), one).echo(100);
        await().until(() -> Servers.refusedByAddress(server) == 3);
        assertThat(server.statistics().accepted() + server.statistics().rejectedTotal())
                .isEqualTo(10);
        Servers.awaitActive(server, 6);
    }

    /** A client with one IPv6 address usually owns a whole network of addresses. */
    @Test
    void connectionLimitPerIpv6Network() throws IOException {
        EchoServer server = startForPeersOverIpv6(settings -> settings);
        List<Peer> admitted = new ArrayList<>();
        for (InetAddress address : List.of(ONE_OF_A_NETWORK, OTHER_OF_THE_NETWORK, OF_ANOTHER)) {
            Peer peer = connect(server.localAddress(), address);
            peer.echo(100);
            admitted.add(peer);
        }
        connect(server.localAddress(), OTHER_OF_THE_NETWORK).expectRefusal();
        connect(server.localAddress(), ONE_OF_A_NETWORK).expectRefusal();
        connect(server.localAddress(), OF_ANOTHER).echo(100);
        await().until(() -> Servers.refusedByAddress(server) == 2);

        admitted.getFirst().close();
        Servers.awaitActive(server, 3);
        connect(server.localAddress(), OTHER_OF_THE_NETWORK).echo(100);
        connect(server.localAddress(), OTHER_OF_THE_NETWORK).expectRefusal();
    }

    @Test
    void connectionLimitPerIpv6Address() throws IOException {
        EchoServer server = startForPeersOverIpv6(settings -> settings.ipv6PrefixLength(128));
        List<InetAddress> addresses = List.of(ONE_OF_A_NETWORK, OTHER_OF_THE_NETWORK);
        for (InetAddress address : addresses) {
            connect(server.localAddress(), address).echo(100);
            connect(server.localAddress(), address).echo(100);
        }
        for (InetAddress address : addresses) {
            connect(server.localAddress(), address).expectRefusal();
        }
        await().until(() -> Servers.refusedByAddress(server) == 2);
    }

    private static final InetAddress ONE_OF_A_NETWORK = InetAddress.ofLiteral("127.0.0.1");
    private static final InetAddress OTHER_OF_THE_NETWORK = InetAddress.ofLiteral("127.0.0.2");
    private static final InetAddress OF_ANOTHER = InetAddress.ofLiteral("127.0.0.3");

    /**
     * Starts a server that admits two peers per address or network and that sees the given
     * addresses as IPv6 addresses. The loopback interface itself has only one IPv6 address.
     */
    private EchoServer startForPeersOverIpv6(UnaryOperator<EchoServerConfig.Builder> change) {
        return startDisguised(
                Map.of(
                        ONE_OF_A_NETWORK, InetAddress.ofLiteral("2001:db8:0:1::1"),
                        OTHER_OF_THE_NETWORK, InetAddress.ofLiteral("2001:db8:0:1:8000::2"),
                        OF_ANOTHER, InetAddress.ofLiteral("2001:db8:0:2::1")),
                settings ->
                        change.apply(
                                settings.address(ONE_OF_A_NETWORK).maxConnectionsPerAddress(2)));
    }

    /** The log gets a line for the first refusal of a burst and later one for all the others. */
    @Test
    @Tag("slow")
    void eachRefusalIsLogged() throws IOException {
        int refusals = 500;
        EchoServer server = start(settings -> settings.maxConnections(1));
        connect(server).echo(100);
        try (var log = new CapturedLog()) {
            for (int i = 0; i < refusals; i++) {
                connect(server).close();
            }
            await().until(() -> server.statistics().rejectedTotal() == refusals);
            await().atMost(Duration.ofSeconds(4))
                    .untilAsserted(
                            () ->
                                    assertThat(refusalsIn(log))
                                            .as("refusals in the log")
                                            .isEqualTo(refusals));
            assertThat(log.events()).as("lines").hasSizeLessThan(20);
        }
    }

    /**
     * Counts the refusals that the log reports: one per line, plus the number of further ones in
     * it.
     */
    private static long refusalsIn(CapturedLog log) {
        var more = Pattern.compile("(\\d+) more");
        return log.events().stream()
                .map(ILoggingEvent::getFormattedMessage)
                .filter(line -> line.toLowerCase(Locale.ROOT).contains("refused"))
                .map(more::matcher)
                .mapToLong(line -> line.find() ? 1 + Long.parseLong(line.group(1)) : 1)
                .sum();
    }

    @Test
    void idleTimeout() throws IOException {
        Duration timeout = Duration.ofMillis(500);
        EchoServer server = start(settings -> settings.idleTimeout(timeout));
        var watch = Stopwatch.start();
        Peer first = connect(server);
        first.echo(100);
        List<Peer> idle = connect(server, 19);
        idle.add(first);
        Peer active = connect(server);
        await().pollInterval(Duration.ofMillis(20))
                .until(
                        () -> {
                            active.echo(1);
                            return server.statistics().active() == 1;
                        });
        assertThat(watch.elapsed()).isBetween(timeout, Duration.ofSeconds(5));
        Servers.assertClosed(server, CloseReason.IDLE, 20);
        for (Peer peer : idle) {
            peer.expectEnd();
        }
        active.echo(1_000);
        Servers.awaitClosed(server, CloseReason.IDLE, 21);
        active.expectEnd();
    }

    /** A clean end would suggest to the peer that it received everything. */
    @Test
    void writeTimeout() throws IOException {
        Duration timeout = Duration.ofMillis(500);
        EchoServer server = startTight(settings -> settings.writeTimeout(timeout));
        Peer idle = connect(server);
        idle.echo(100);
        List<Peer> stalled = stalledPeers(server, 10);
        var watch = Stopwatch.start();
        Servers.awaitClosed(server, CloseReason.WRITE_STALL, 10);
        assertThat(watch.elapsed()).isLessThan(Duration.ofSeconds(5));
        assertThat(server.statistics().pendingBytes()).isZero();
        for (Peer peer : stalled) {
            peer.receiveToReset();
            assertThat(peer.received()).isLessThan(peer.sent());
        }
        idle.echo(100);
        assertThat(server.statistics().active()).isEqualTo(1);
    }

    /**
     * With nothing left to read, the kernel would end the connection as if everything had been
     * echoed.
     */
    @Test
    void writeTimeoutAfterEverythingWasRead() throws Exception {
        var faulty = new FaultyProvider(selector().provider());
        EchoServer server =
                startTight(
                        settings ->
                                settings.selector(faulty.as(selector()))
                                        .readBufferSize(1 << 20)
                                        .writeTimeout(Duration.ofMillis(500)));
        Peer stalled = connect(server, 8 * 1024, 0);
        stalled.echo(1);
        for (FaultyProvider.FaultySelector selector : faulty.selectors()) {
            selector.hold();
        }
        stalled.send(transport().oneRead()); // all of it arrives before the first read
        faulty.selectors().forEach(FaultyProvider.FaultySelector::release);
        await().until(() -> server.statistics().bytesReceived() == stalled.sent());
        await().until(() -> server.statistics().pendingBytes() > 0);
        Servers.awaitClosed(server, CloseReason.WRITE_STALL, 1);
        stalled.receiveToReset();
        assertThat(stalled.received()).isLessThan(stalled.sent());
    }

    @Test
    @Tag("slow")
    void writeTimeoutSparesSlowReaders() throws IOException {
        Duration timeout = Duration.ofSeconds(1);
        EchoServer server =
                startTight(settings -> settings.readBufferSize(1 << 20).writeTimeout(timeout));
        Peer slow = connect(server, 8_192, 0);
        var writer =
                Background.run(
                        () -> {
                            slow.send(4 << 20);
                            slow.endOutput();
                        });
        await().until(() -> server.statistics().pendingBytes() > 0);
        var watch = Stopwatch.start();
        await().pollInterval(Duration.ofMillis(20))
                .until(
                        () -> {
                            // Slowly, so that one flush takes longer than the timeout.
                            slow.receive(8 * 1024);
                            return watch.isPast(timeout.multipliedBy(2));
                        });
        assertThat(slow.received()).as("slow enough").isLessThan(4 << 20);
        slow.receiveToEnd();
        Background.join(writer);
        assertThat(slow.received()).isEqualTo(4 << 20);
        assertThat(Servers.closed(server, CloseReason.WRITE_STALL)).isZero();
    }

    @Test
    void idleTimeoutClosesStalledConnections() throws IOException {
        EchoServer server =
                startTight(
                        settings ->
                                settings.idleTimeout(Duration.ofSeconds(2))
                                        .writeTimeout(Duration.ZERO));
        List<Peer> stalled = stalledPeers(server, 10);
        Servers.awaitClosed(server, CloseReason.IDLE, 10);
        for (Peer peer : stalled) {
            peer.receiveToReset();
        }
        assertThat(server.statistics().pendingBytes()).isZero();
    }

    @Test
    void refusedPeerThatAlreadySentDataIsHarmless() throws IOException {
        EchoServer server = start(settings -> settings.maxConnections(1));
        Peer admitted = connect(server);
        admitted.echo(100);
        for (int i = 0; i < 50; i++) {
            try (Peer peer = connect(server)) {
                peer.send(1_000);
                peer.receiveToEnd();
                assertThat(peer.received()).isZero();
            } catch (SocketException e) {
                // The server did not read what the peer sent, so the peer may be reset.
            }
        }
        assertThat(Servers.rejected(server, RejectReason.LIMIT)).isEqualTo(50);
        admitted.echo(100);
    }
}
