package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.US_ASCII;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;

import io.epollecho.Build;
import io.epollecho.stream.Certificates;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

@Timeout(300)
@Tag("slow")
@ExtendWith(OwnThreads.class)
class AccessLogTest {

    private static final Logger logger = (Logger) LoggerFactory.getLogger(AccessLog.LOGGER);
    private static final String THREAD = "echo-server-access-log";

    /** An address reserved for documentation (RFC 5737). */
    private static final InetAddress SOURCE = InetAddress.ofLiteral("203.0.113.7");

    /** Detaches the logger, because tens of thousands of lines would flood the console. */
    @BeforeEach
    void detachFromTheConsole() {
        logger.setAdditive(false);
    }

    @AfterEach
    void reattachToTheConsole() {
        logger.setAdditive(true);
    }

    private static EchoServer start(boolean on) {
        return start(on, Transport.PLAIN);
    }

    private static EchoServer start(boolean on, Transport transport) {
        return EchoServer.start(
                transport
                        .on(
                                EchoServerConfig.builder()
                                        .address(InetAddress.getLoopbackAddress())
                                        .port(0)
                                        .eventLoops(2)
                                        .accessLog(on))
                        .build());
    }

    private static Peer connect(EchoServer server) throws IOException {
        return new Peer(1, server.localAddress(), null, 0, 0);
    }

    private static Map<String, Object> pairs(ILoggingEvent line) {
        return line.getKeyValuePairs().stream()
                .collect(Collectors.toMap(pair -> pair.key, (KeyValuePair pair) -> pair.value));
    }

    @Test
    void lineDescribesTheConnection() throws IOException {
        Instant before = Instant.now().minusMillis(1);
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(true);
                Peer peer = connect(server)) {
            peer.echo(1_000);
            peer.endOutput();
            peer.expectEnd();
            ILoggingEvent line = onlyLine(lines);
            assertThat(line.getThreadName()).isEqualTo(THREAD);
            Map<String, Object> pairs = pairs(line);
            assertThat(pairs)
                    .containsEntry("listener", "default")
                    .containsEntry("peer", SocketAddresses.format(peer.address()))
                    .containsEntry("received", 1_000L)
                    .containsEntry("sent", 1_000L)
                    .containsEntry("reason", "peer")
                    .containsOnlyKeys(
                            "listener", "peer", "opened", "duration", "received", "sent", "reason");
            assertThat((Instant) pairs.get("opened")).isBetween(before, Instant.now());
            assertThat((Double) pairs.get("duration")).isBetween(0.0, 60.0);
            assertThat(line.getFormattedMessage())
                    .startsWith("listener=default peer=" + pairs.get("peer") + " opened=")
                    .endsWith("received=1000 sent=1000 reason=peer");
        }
    }

    @Test
    void lineOfALostConnectionNamesItsPeer() throws IOException {
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(true)) {
            Peer peer = connect(server);
            peer.echo(10);
            String address = SocketAddresses.format(peer.address());
            peer.reset();
            assertThat(pairs(onlyLine(lines)))
                    .containsEntry("peer", address)
                    .containsEntry("reason", "reset");
        }
    }

    @Test
    void lineIncludesProxyAndTls() throws IOException {
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(true, Transport.PROXY_AND_TLS);
                Peer peer = connect(server)) {
            Transport.PROXY_AND_TLS.begin(peer, server.localAddress(), SOURCE);
            peer.handshake();
            peer.echo(1_000);
            peer.endOutput();
            peer.expectEnd();
            ILoggingEvent line = onlyLine(lines);
            Map<String, Object> pairs = pairs(line);
            assertThat(pairs)
                    .containsEntry("peer", SocketAddresses.format(peer.address()))
                    .containsEntry("proxy", SocketAddresses.format(peer.socketAddress()))
                    .containsEntry("tls", "TLSv1.3")
                    .containsEntry("sni", Certificates.HOST)
                    .containsEntry("received", 1_000L)
                    .containsEntry("reason", "peer");
            assertThat(line.getFormattedMessage())
                    .startsWith(
                            "listener=default peer=%s proxy=%s tls=TLSv1.3 sni=%s opened="
                                    .formatted(
                                            pairs.get("peer"),
                                            pairs.get("proxy"),
                                            Certificates.HOST));
        }
    }

    @Test
    void logsAConnectionWithoutAValidHeader() throws IOException {
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(true, Transport.PROXY);
                Peer peer = connect(server)) {
            peer.sendRaw("GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII));
            assertThat(pairs(onlyLine(lines)))
                    .containsEntry("peer", SocketAddresses.format(peer.socketAddress()))
                    .containsEntry("received", 0L)
                    .containsEntry("reason", "proxy-header")
                    .doesNotContainKeys("proxy", "tls", "sni");
        }
    }

    @Test
    void logsAFailedHandshakeWithItsProxy() throws IOException {
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(true, Transport.PROXY_AND_TLS);
                Peer peer = connect(server)) {
            peer.sendHeader(
                    new InetSocketAddress(SOURCE, peer.address().getPort()), server.localAddress());
            peer.sendRaw("GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII));
            peer.endRawOutput();
            assertThat(pairs(onlyLine(lines)))
                    .containsEntry("peer", SocketAddresses.format(peer.address()))
                    .containsEntry("proxy", SocketAddresses.format(peer.socketAddress()))
                    .containsEntry("reason", "handshake-failed")
                    .doesNotContainKeys("tls", "sni");
        }
    }

    @Test
    void logsAConnectionThatDoesNotOpenInTime() throws IOException {
        TlsConfig tls =
                new TlsConfig(
                        Transport.serverTls().engines(), ClientAuth.NONE, Duration.ofMillis(50));
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server =
                        EchoServer.start(
                                EchoServerConfig.builder()
                                        .address(InetAddress.getLoopbackAddress())
                                        .port(0)
                                        .tls(tls)
                                        .accessLog(true)
                                        .build());
                Peer peer = connect(server)) {
            assertThat(pairs(onlyLine(lines)))
                    .containsEntry("peer", SocketAddresses.format(peer.address()))
                    .containsEntry("reason", "handshake-timeout");
        }
    }

    /** The peer chooses this name and must not be able to forge a line or a field with it. */
    @ParameterizedTest
    @ValueSource(strings = {"a.test reason=idle", "a.test\nlistener=other", "<b>.test", "a=b.test"})
    void doesNotLogAnInvalidServerName(String name) throws IOException {
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(true, Transport.TLS);
                Peer peer = connect(server)) {
            peer.layTls(Transport.clientContext(), "TLSv1.3");
            peer.askFor(name);
            peer.handshake();
            ILoggingEvent line = onlyLine(lines);
            assertThat(pairs(line))
                    .containsEntry("reason", "handshake-failed")
                    .doesNotContainKeys("tls", "sni");
            assertThat(line.getFormattedMessage()).doesNotContain(name);
        }
    }

    private static ILoggingEvent onlyLine(CapturedLog lines) {
        await().until(() -> lines.events().size() == 1);
        return lines.events().getFirst();
    }

    @Test
    void stopLogsTheConnectionsThatItCuts() throws IOException {
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(true)) {
            for (int run = 1; run <= 2; run++) {
                try (Peer one = connect(server);
                        Peer other = connect(server)) {
                    one.echo(10);
                    other.echo(10);
                    server.stop();
                    assertThat(lines.events())
                            .hasSize(2 * run)
                            .allSatisfy(
                                    line ->
                                            assertThat(pairs(line))
                                                    .containsEntry("reason", "drain-timeout"));
                }
                server.start();
            }
        }
        assertThat(threads()).doesNotContain(THREAD);
    }

    @Test
    void isOffByDefault() throws IOException {
        assertThat(EchoServerConfig.defaults().accessLog()).isFalse();
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(false)) {
            Churn.run(server.localAddress(), 100);
            Servers.awaitActive(server, 0);
            assertThat(threads()).doesNotContain(THREAD);
            server.stop();
            assertThat(lines.events()).isEmpty();
            assertThat(server.accessLogDropped()).isZero();
        }
    }

    @Test
    void accountsForEachConnection() throws IOException {
        int connections = Build.isThorough() ? 100_000 : 20_000;
        try (var lines = new CapturedLog(AccessLog.LOGGER);
                EchoServer server = start(true)) {
            Churn.run(server.localAddress(), connections);
            Servers.awaitActive(server, 0);
            server.stop();
            assertThat(lines.events().size() + server.accessLogDropped()).isEqualTo(connections);
            var distinct = new HashSet<>();
            for (ILoggingEvent line : lines.events()) {
                Map<String, Object> pairs = pairs(line);
                assertThat(pairs)
                        .containsEntry("received", (long) Churn.LENGTH)
                        .containsEntry("reason", "peer");
                distinct.add(List.of(pairs.get("peer"), line.getInstant()));
            }
            assertThat(distinct).as("distinct lines").hasSameSizeAs(lines.events());
        }
    }

    /**
     * The first line blocks the writer. Lines that do not fit into the queue are dropped and
     * counted.
     */
    @Test
    void blockedConsoleDelaysNoEchoAndDroppedLinesAreCounted() throws Exception {
        int surplus = 1_000;
        try (EchoServer server = start(true);
                var console = new BlockedConsole()) {
            Churn.run(server.localAddress(), 1);
            console.awaitBlocked();
            Churn.run(server.localAddress(), AccessLog.CAPACITY + surplus);
            Servers.awaitActive(server, 0);
            assertThat(server.accessLogDropped()).isEqualTo(surplus);
            try (Peer peer = connect(server)) {
                peer.echo(100_000);
            }
            Servers.awaitActive(server, 0);
            assertThat(server.accessLogDropped()).isEqualTo(surplus + 1);
            assertThat(console.lines()).hasSize(1);

            console.release();
            await().until(() -> console.lines().size() == 1 + AccessLog.CAPACITY);
            server.stop();
            assertThat(server.accessLogDropped()).isEqualTo(surplus + 1);
        }
    }

    /** Words of peers count, so that long ones do not take up more memory than short ones. */
    @Test
    void theQueueIsBoundedInBytes() {
        var log = new AccessLog();
        var peer = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        String name = "a".repeat(255);
        var tls = new TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", name, name);
        for (int i = 0; i < AccessLog.CAPACITY; i++) {
            log.add(
                    new ConnectionInfo(
                            "tls", peer, null, tls, 0, Duration.ZERO, Duration.ZERO, 0, 0, 0),
                    CloseReason.PEER);
        }
        assertThat(log.dropped()).isBetween(AccessLog.CAPACITY / 3L, AccessLog.CAPACITY * 2L / 3);
    }

    @Test
    void blockedConsoleDelaysNoStopAndDroppedLinesAreCounted() throws Exception {
        try (EchoServer server = start(true);
                var console = new BlockedConsole()) {
            Churn.run(server.localAddress(), 10);
            console.awaitBlocked();
            Servers.awaitActive(server, 0);
            Instant begun = Instant.now();
            server.stop();
            assertThat(Duration.between(begun, Instant.now())).isLessThan(Duration.ofSeconds(10));
            assertThat(server.accessLogDropped()).isEqualTo(9);

            server.start();
            console.release();
            Churn.run(server.localAddress(), 5);
            await().until(() -> console.lines().size() == 6);
            assertThat(server.accessLogDropped()).isEqualTo(9);
        }
    }

    /** A console that blocks the thread that writes the first line, until it is released. */
    private static final class BlockedConsole implements AutoCloseable {

        private final CountDownLatch blocked = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
        private final CapturedLog lines = new CapturedLog(AccessLog.LOGGER, line -> block());

        private void block() {
            blocked.countDown();
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        void awaitBlocked() throws InterruptedException {
            assertThat(blocked.await(30, TimeUnit.SECONDS)).isTrue();
        }

        List<ILoggingEvent> lines() {
            return lines.events();
        }

        void release() {
            released.countDown();
        }

        @Override
        public void close() {
            release();
            lines.close();
        }
    }

    private static List<String> threads() {
        return OwnThreads.ofThisTest().stream().map(Thread::getName).toList();
    }
}
