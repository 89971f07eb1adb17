package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;

import io.epollecho.Stopwatch;
import io.epollecho.stream.AddressRange;
import io.epollecho.stream.ProxyHeaderEncoder;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A connection behind a proxy begins with a header, which determines the peer's address. */
@Setups(transports = Transport.PLAIN)
class ProxyHeaderTest extends Scenarios {

    static final InetSocketAddress SOURCE =
            new InetSocketAddress(InetAddress.ofLiteral("203.0.113.7"), 4_711);

    private static final InetSocketAddress DESTINATION =
            new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), 443);

    private static ProxyProtocolConfig within(Duration headerTimeout) {
        return new ProxyProtocolConfig(List.of(), headerTimeout);
    }

    private EchoServer startBehindProxy() {
        return start(settings -> settings.proxyProtocol(ProxyProtocolConfig.defaults()));
    }

    private static byte[] header(int version) {
        return version == 1
                ? ProxyHeaderEncoder.version1(SOURCE, DESTINATION)
                : ProxyHeaderEncoder.version2(SOURCE, DESTINATION, true);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void headerByteByByte(int version) throws IOException {
        EchoServer server = startBehindProxy();
        Peer peer = connect(server);
        for (byte next : header(version)) {
            peer.sendRaw(next);
        }
        peer.echo(1_000);
        assertThat(Background.get(server.newestConnections(1)))
                .singleElement()
                .returns(SOURCE, ConnectionInfo::peer)
                .returns(peer.socketAddress(), ConnectionInfo::proxy);
        peer.endOutput();
        peer.expectEnd();
        assertThat(server.statistics().bytesReceived()).isEqualTo(1_000);
    }

    /** No more bytes may arrive, so the server must process what it has already read. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void headerAndFirstDataInOneSegment(int version) throws IOException {
        EchoServer server = startBehindProxy();
        for (int length : new int[] {1, 100, 1_000, 1_024, 5_000, 60_000}) {
            for (int i = 0; i < 20; i++) {
                try (Peer peer = connect(server)) {
                    peer.sendBehind(header(version), length);
                    if (i % 2 == 0) {
                        peer.endOutput();
                        peer.receiveAllToEnd();
                    } else {
                        peer.receive(length);
                        peer.echo(10);
                    }
                }
            }
        }
        Servers.awaitActive(server, 0);
        Servers.assertClosed(server, CloseReason.PEER, 120);
    }

    @Test
    void headerAndNoDataStaysOpen() throws IOException {
        Duration timeout = Duration.ofMillis(300);
        EchoServer server = start(settings -> settings.proxyProtocol(within(timeout)));
        Peer quiet = connect(server);
        quiet.sendRaw(header(2));
        Peer late = connect(server);
        Servers.awaitClosed(server, CloseReason.PROXY_HEADER, 1);
        late.endsByReset();
        quiet.echo(100);
        assertThat(server.statistics().active()).isEqualTo(1);
    }

    /** A peer with an incomplete header is closed at the deadline and not earlier. */
    @Test
    void lateHeader() throws IOException {
        Duration timeout = Duration.ofMillis(500);
        EchoServer server = start(settings -> settings.proxyProtocol(within(timeout)));
        var watch = Stopwatch.start();
        var late = new ArrayList<Peer>();
        try (var log = new CapturedLog()) {
            for (byte[] part :
                    List.of(
                            new byte[0],
                            ascii("PROXY"),
                            ascii("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r"),
                            new byte[] {'\r', '\n'})) {
                Peer peer = connect(server);
                peer.sendRaw(part);
                late.add(peer);
            }
            Servers.awaitClosed(server, CloseReason.PROXY_HEADER, late.size());
            assertThat(watch.elapsed()).isBetween(timeout, timeout.plusSeconds(2));
            assertThat(warnings(log)).hasSizeBetween(1, 3).allMatch(line -> line.contains("500ms"));
        }
        for (Peer peer : late) {
            peer.endsByReset();
        }
    }

    private static List<String> warnings(CapturedLog log) {
        return log.events().stream()
                .filter(event -> event.getLevel() == Level.WARN)
                .map(event -> event.getFormattedMessage())
                .toList();
    }

    @Test
    void headerFromAnUntrustedSource() throws IOException {
        InetAddress trusted = InetAddress.ofLiteral("127.0.0.2");
        InetAddress stranger = InetAddress.ofLiteral("127.0.0.1");
        var config =
                new ProxyProtocolConfig(
                        List.of(AddressRange.of("127.0.0.2/31"), AddressRange.of("2001:db8::/32")),
                        Duration.ofSeconds(10));
        EchoServer server = start(settings -> settings.address(stranger).proxyProtocol(config));
        try (var log = new CapturedLog()) {
            for (int i = 0; i < 50; i++) {
                try {
                    Peer peer = connect(server.localAddress(), stranger);
                    peer.leaveAfter(header(1 + i % 2), 100);
                    assertThat(peer.received()).isZero();
                } catch (SocketException e) {
                    // The reset arrived before connect(2) returned.
                    assertThat(e).hasMessage("Connection reset by peer");
                }
            }
            Servers.awaitClosed(server, CloseReason.PROXY_HEADER, 50);
            assertThat(warnings(log)).hasSizeBetween(1, 5);
        }
        Peer proxy = connect(server.localAddress(), trusted);
        proxy.sendRaw(header(2));
        proxy.echo(100);
        assertThat(server.statistics().bytesReceived()).isEqualTo(100);
    }

    /** The peer may be a load balancer whose address is missing in the list. */
    @Test
    void untrustedSourceIsNamedInTheDebugLog() throws IOException {
        var trusted =
                new ProxyProtocolConfig(
                        List.of(AddressRange.of("10.0.0.1")), Duration.ofMinutes(1));
        EchoServer server = start(settings -> settings.proxyProtocol(trusted));
        var logger = (Logger) LoggerFactory.getLogger(Connection.class);
        logger.setLevel(Level.DEBUG);
        try (var log = new CapturedLog(Connection.class.getName())) {
            try {
                connect(server).sendRaw(header(2));
            } catch (SocketException e) {
                // The reset arrived before connect(2) or send(2) returned.
            }
            Servers.awaitClosed(server, CloseReason.PROXY_HEADER, 1);
            await().untilAsserted(
                            () ->
                                    assertThat(log.events())
                                            .extracting(ILoggingEvent::getFormattedMessage)
                                            .anyMatch(text -> text.contains("remote=/127.0.0.1:")));
        } finally {
            logger.setLevel(null);
        }
    }

    /** The log gets one line for the first malformed header and a count of the others. */
    @Test
    void malformedHeaders() throws IOException {
        EchoServer server = startBehindProxy();
        byte[] corrupt = header(2);
        corrupt[corrupt.length - 1]++; // breaks the checksum
        byte[] unknownCommand = header(2);
        unknownCommand[12] = 0x2F;
        List<byte[]> malformed =
                List.of(
                        ascii("GET / HTTP/1.1\r\n\r\n"),
                        ascii("PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n"),
                        ascii("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"),
                        ascii("PROXY TCP4 " + "1".repeat(200)),
                        ascii("proxy tcp4 1.2.3.4 5.6.7.8 1 2\r\n"),
                        new byte[200],
                        corrupt,
                        unknownCommand);
        int rounds = 10;
        try (var log = new CapturedLog()) {
            for (int i = 0; i < rounds; i++) {
                for (byte[] header : malformed) {
                    Peer peer = connect(server);
                    peer.leaveAfter(header, 10);
                    assertThat(peer.received()).isZero();
                }
            }
            int count = rounds * malformed.size();
            Servers.awaitClosed(server, CloseReason.PROXY_HEADER, count);
            assertThat(warnings(log)).hasSizeBetween(1, 5);
        }
        assertThat(server.statistics().bytesReceived()).isZero();
        Peer proxy = connect(server);
        proxy.sendRaw(header(1));
        proxy.echo(100);
    }

    /** Health checks of the proxy itself. Some contain dummy addresses, which must be ignored. */
    @Test
    void localHeaderWithAddresses() throws IOException {
        EchoServer server = startBehindProxy();
        for (boolean dummies : new boolean[] {false, true}) {
            byte[] header =
                    dummies
                            ? ProxyHeaderEncoder.version2(SOURCE, DESTINATION, false)
                            : ProxyHeaderEncoder.version2Local(false);
            header[12] = 0x20; // LOCAL
            try (Peer peer = connect(server)) {
                peer.sendRaw(header);
                peer.echo(100);
                assertThat(Background.get(server.newestConnections(1)))
                        .singleElement()
                        .returns(peer.socketAddress(), ConnectionInfo::peer)
                        .returns(null, ConnectionInfo::proxy);
            }
            Servers.awaitActive(server, 0);
        }
    }

    /**
     * The limit applies to the address in the header, although all connections come from one proxy.
     */
    @Test
    void limitPerSourceAddress() throws IOException {
        EchoServer server =
                start(
                        settings ->
                                settings.proxyProtocol(ProxyProtocolConfig.defaults())
                                        .maxConnectionsPerAddress(3));
        var other = new InetSocketAddress(InetAddress.ofLiteral("203.0.113.8"), 1);
        var admitted = new ArrayList<Peer>();
        for (InetSocketAddress source : List.of(SOURCE, other)) {
            for (int i = 0; i < 3; i++) {
                admitted.add(echoAs(server, source));
            }
            Peer refused = connect(server);
            refused.leaveAfter(ProxyHeaderEncoder.version1(source, DESTINATION), 10);
            assertThat(refused.received()).isZero();
        }
        Servers.awaitClosed(server, CloseReason.ADDRESS_LIMIT, 2);
        admitted.getFirst().close();
        Servers.awaitActive(server, 5);
        echoAs(server, SOURCE);
        for (Peer peer : admitted.subList(1, 6)) {
            peer.echo(10);
        }
    }

    private Peer echoAs(EchoServer server, InetSocketAddress source) throws IOException {
        Peer peer = connect(server);
        peer.sendRaw(ProxyHeaderEncoder.version2(source, DESTINATION, false));
        peer.echo(100);
        return peer;
    }

    @Test
    void drainDoesNotWaitForHeaders() throws IOException {
        EchoServer server = start(settings -> settings.proxyProtocol(within(Duration.ofHours(1))));
        List<Peer> silent = connect(server, 20);
        for (Peer peer : silent.subList(10, 20)) {
            peer.sendRaw(ascii("PROXY TCP4"));
        }
        Servers.awaitActive(server, 20);
        var drained = Background.call(() -> server.drain(Duration.ofSeconds(60)));
        assertThat(drained).succeedsWithin(Duration.ofSeconds(3)).isEqualTo(true);
        Servers.assertClosed(server, CloseReason.DRAIN, 20);
        for (Peer peer : silent) {
            peer.endsByReset();
        }
    }

    /** Each such peer costs only a timer. */
    @Test
    void thousandPeersWithoutAHeader() throws IOException {
        Duration timeout = Duration.ofSeconds(1);
        EchoServer server =
                start(
                        settings ->
                                settings.proxyProtocol(within(timeout))
                                        .listener("plain", anyPort()));
        Peer bystander = connect(Servers.address(server, "plain"), 0, 0);
        bystander.echo(100);
        var silent = new ArrayList<Peer>();
        for (int i = 0; i < 1_000; i++) {
            silent.add(connect(server.localAddress(), 0, 0));
        }
        var sinceLast = Stopwatch.start();
        await().until(
                        () -> {
                            bystander.echo(100);
                            return Servers.closed(server, CloseReason.PROXY_HEADER) == 1_000;
                        });
        assertThat(sinceLast.elapsed()).isLessThan(timeout.plusSeconds(2));
        for (Peer peer : silent) {
            peer.endsByReset();
        }
        bystander.echo(100);
    }
}
