package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ch.qos.logback.classic.Level;

import io.epollecho.Build;
import io.epollecho.Stopwatch;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;

import javax.net.ssl.SSLException;

/** TLS connections begin with a handshake, which may fail, and end with a close_notify. */
@Setups(transports = Transport.PLAIN)
class HandshakeTest extends Scenarios {

    /** The beginning of a ClientHello, less than one record. */
    private static final byte[] PART_OF_A_HELLO = HexFormat.of().parseHex("16030100f8010000f40303");

    private static final String HTTP_REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    /** A fatal unexpected_message alert. */
    private static final byte[] UNEXPECTED_MESSAGE = HexFormat.of().parseHex("1503030002020a");

    /** Returns the number of connections per protocol that end their stream after 8 MiB. */
    private int halfCloses() {
        return Build.isThorough() && setup().equals(Setup.MAIN) ? 500 : 5;
    }

    private static TlsConfig tls() {
        return Transport.serverTls();
    }

    private static TlsConfig within(Duration handshakeTimeout) {
        return new TlsConfig(tls().engines(), ClientAuth.NONE, handshakeTimeout);
    }

    private EchoServer startWithTls() {
        return start(settings -> settings.tls(tls()));
    }

    private Peer connectOverTls(InetSocketAddress server, String... protocols) throws IOException {
        Peer peer = connect(server, 0, 0);
        peer.layTls(Transport.clientContext(), protocols);
        peer.handshake();
        return peer;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static List<String> warnings(CapturedLog log) {
        return log.events().stream()
                .filter(event -> event.getLevel() == Level.WARN)
                .map(event -> event.getFormattedMessage())
                .toList();
    }

    @Test
    void handshakesAreCountedAndTimed() throws IOException {
        EchoServer server = startWithTls();
        for (int i = 0; i < 10; i++) {
            connectOverTls(server.localAddress(), "TLSv1.3").echo(100);
        }
        assertThat(server.statistics().handshakes()).isEqualTo(10);
        assertThat(server.statistics().handshakeTime()).isPositive();
        connect(server).close();
        Servers.awaitClosed(server, CloseReason.HANDSHAKE_FAILED, 1);
        assertThat(server.statistics().handshakes()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void halfCloseOverTls(String protocol) throws IOException {
        int length = 8 << 20;
        EchoServer server = startWithTls();
        for (int i = 0; i < halfCloses(); i++) {
            try (Peer peer = connectOverTls(server.localAddress(), protocol)) {
                var writer =
                        Background.run(
                                () -> {
                                    peer.send(length);
                                    peer.endOutput();
                                });
                peer.receiveAllToEnd();
                Background.join(writer);
                assertThat(peer.received()).isEqualTo(length);
            }
        }
        Servers.awaitActive(server, 0);
        Servers.assertClosed(server, CloseReason.PEER, halfCloses());
    }

    /** The client gets an alert, and the log mentions the refusal once. */
    @Test
    void plainHttpToATlsPort() throws IOException {
        EchoServer server = startWithTls();
        Peer bystander = connectOverTls(server.localAddress(), "TLSv1.3");
        try (var log = new CapturedLog()) {
            Peer browser = connect(server.localAddress(), 0, 0);
            browser.sendRaw(ascii(HTTP_REQUEST));
            assertThat(browser.receiveRawToEnd()).isEqualTo(UNEXPECTED_MESSAGE);
            browser.close();
            Servers.awaitClosed(server, CloseReason.HANDSHAKE_FAILED, 1);
            assertThat(warnings(log)).singleElement().asString().contains("HTTP");
        }
        try (var log = new CapturedLog()) {
            for (int i = 0; i < 100; i++) {
                try (Peer browser = connect(server.localAddress(), 0, 0)) {
                    browser.sendRaw(ascii(HTTP_REQUEST));
                    assertThat(browser.receiveRawToEnd()).isEqualTo(UNEXPECTED_MESSAGE);
                }
            }
            Servers.awaitClosed(server, CloseReason.HANDSHAKE_FAILED, 101);
            assertThat(warnings(log)).hasSizeLessThan(10);
        }
        bystander.echo(100);
        assertThat(server.statistics().handshakes()).isEqualTo(1);
    }

    @Test
    void handshakeRejectedByTheClient() throws IOException {
        EchoServer server = startWithTls();
        Peer bystander = connectOverTls(server.localAddress(), "TLSv1.3");
        Peer distrustful = connect(server.localAddress(), 0, 0);
        distrustful.layTls(Transport.distrustfulContext(), "TLSv1.3");
        distrustful.handshake();
        assertThatExceptionOfType(SSLException.class).isThrownBy(distrustful::expectEnd);
        Servers.awaitClosed(server, CloseReason.HANDSHAKE_FAILED, 1);
        bystander.echo(100);
    }

    @Test
    void handshakeTimeout() throws IOException {
        Duration timeout = Duration.ofMillis(500);
        EchoServer server =
                start(settings -> settings.tls(within(timeout)).listener("patient", patientTls()));
        InetSocketAddress patient = Servers.address(server, "patient");
        Peer bystander = connectOverTls(patient, "TLSv1.3");
        var watch = Stopwatch.start();
        var late = new ArrayList<Peer>();
        for (int i = 0; i < 10; i++) {
            Peer peer = connect(server.localAddress(), 0, 0);
            peer.sendRaw(i % 2 == 0 ? new byte[0] : PART_OF_A_HELLO);
            late.add(peer);
        }
        Servers.awaitClosed(server, CloseReason.HANDSHAKE_TIMEOUT, 10);
        assertThat(watch.elapsed()).isBetween(timeout, timeout.plusSeconds(2));
        for (Peer peer : late) {
            peer.endsByReset();
        }
        bystander.echo(100);
    }

    private ListenerConfig patientTls() {
        return anyPort().withTls(within(Duration.ofHours(1)));
    }

    /** The handshake timeout does not affect a connection whose handshake is complete. */
    @Test
    void handshakeTimeoutEndsWithTheHandshake() throws IOException {
        Duration timeout = Duration.ofSeconds(2);
        EchoServer server = start(settings -> settings.tls(within(timeout)));
        Peer quiet = connectOverTls(server.localAddress(), "TLSv1.3");
        quiet.echo(1);
        Peer late = connect(server.localAddress(), 0, 0);
        Servers.awaitClosed(server, CloseReason.HANDSHAKE_TIMEOUT, 1);
        late.endsByReset();
        quiet.echo(100);
    }

    @Test
    void drainDoesNotWaitForHandshakes() throws IOException {
        EchoServer server = start(settings -> settings.tls(within(Duration.ofHours(1))));
        List<Peer> silent = connect(server, 20);
        for (Peer peer : silent.subList(10, 20)) {
            peer.sendRaw(PART_OF_A_HELLO);
        }
        Servers.awaitActive(server, 20);
        var drained = Background.call(() -> server.drain(Duration.ofSeconds(60)));
        assertThat(drained).succeedsWithin(Duration.ofSeconds(3)).isEqualTo(true);
        Servers.assertClosed(server, CloseReason.DRAIN, 20);
        for (Peer peer : silent) {
            peer.endsByReset();
        }
    }

    /**
     * The end of the connection is not the end of the stream, because an attacker may have cut it.
     */
    @Test
    void truncation() throws IOException {
        EchoServer server = startWithTls();
        Peer bystander = connectOverTls(server.localAddress(), "TLSv1.3");
        for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
            Peer peer = connectOverTls(server.localAddress(), protocol);
            peer.echo(1_000);
            peer.endRawOutput();
        }
        Servers.awaitClosed(server, CloseReason.TRUNCATED, 2);
        bystander.echo(100);
        assertThat(server.statistics().active()).isEqualTo(1);
    }

    /** Bytes that arrived before an end without close_notify are still echoed. */
    @Test
    void truncationWithBytesPending() throws IOException {
        EchoServer server = startTight(settings -> settings.tls(tls()));
        Peer peer = connect(server.localAddress(), 8 * 1024, 0);
        peer.layTls(Transport.clientContext(), "TLSv1.3");
        peer.handshake();
        peer.send(STALLING);
        peer.endRawOutput();
        await().until(() -> server.statistics().pendingBytes() > 0);
        peer.receive(STALLING);
        Servers.awaitClosed(server, CloseReason.TRUNCATED, 1);
    }

    /** A failed write may have consumed bytes without sending them; they must not stay counted. */
    @Test
    void resetWithBytesPendingLeavesNoneCounted() throws IOException {
        EchoServer server = startTight(settings -> settings.tls(tls()).readBufferSize(64 * 1024));
        try (var log = new CapturedLog()) {
            for (int i = 1; i <= 20; i++) {
                Peer stalled = connect(server.localAddress(), 8 * 1024, 0);
                stalled.layTls(Transport.clientContext(), "TLSv1.3");
                stalled.handshake();
                stalled.send(STALLING);
                stalled.reset();
                Servers.awaitActive(server, 0);
                assertThat(server.statistics().pendingBytes()).isZero();
            }
            assertThat(log.events()).noneMatch(event -> event.getLevel() == Level.ERROR);
        }
    }

    /**
     * The connection that needs the space is spared, others are not, and no pending bytes stay
     * counted.
     */
    @Test
    void pendingLimitExceededByOneConnection() throws IOException {
        long limit = 80 * 1024; // holds the layer's two buffers, but not the pending bytes as well
        EchoServer server =
                startTight(
                        settings ->
                                settings.tls(tls())
                                        .readBufferSize(64 * 1024)
                                        .maxPending(eventLoops() * limit));
        try (var log = new CapturedLog()) {
            for (int i = 1; i <= 20; i++) {
                Peer stalled = connect(server.localAddress(), 8 * 1024, 0);
                stalled.layTls(Transport.clientContext(), "TLSv1.3");
                stalled.handshake();
                stalled.sendUnlessReset(STALLING);
                stalled.reset();
                Servers.awaitActive(server, 0);
                assertThat(server.statistics().pendingBytes()).isZero();
            }
            assertThat(log.events()).noneMatch(event -> event.getLevel() == Level.ERROR);
        }
    }

    /** A clean end would suggest to the peer that everything it sent was read and echoed. */
    @Test
    void pendingLimitResetsAPeerInTheMiddleOfARecord() throws IOException {
        long limit = eventLoops() * 64L * 1024;
        EchoServer server = startTight(settings -> settings.tls(tls()).maxPending(limit));
        var halfway = new ArrayList<Peer>();
        for (int i = 0; i < eventLoops(); i++) {
            Peer peer = connectOverTls(server.localAddress(), "TLSv1.3");
            peer.echo(100);
            peer.sendRaw(HexFormat.of().parseHex("1703034000"));
            halfway.add(peer);
        }
        for (int i = 0; i < 8 * eventLoops(); i++) {
            Peer stalled = connect(server.localAddress(), 8 * 1024, 0);
            stalled.layTls(Transport.clientContext(), "TLSv1.3");
            stalled.handshake();
            stalled.sendUnlessReset(STALLING);
        }
        await().until(() -> Servers.closed(server, CloseReason.PENDING_LIMIT) > 2L * eventLoops());
        for (Peer peer : halfway) {
            assertThat(peer.endsByReset()).isTrue();
        }
    }

    /**
     * Part of a record counts as progress, even if the complete record takes longer than the
     * timeout.
     */
    @Test
    void writeTimeoutSparesPeersThatTakePartsOfARecord() throws IOException {
        Duration timeout = Duration.ofSeconds(1);
        EchoServer server =
                startTight(settings -> settings.tls(tls()).sendBuffer(1024).writeTimeout(timeout));
        Peer slow = connect(server.localAddress(), 1024, 0);
        slow.layTls(Transport.clientContext(), "TLSv1.3");
        slow.handshake();
        slow.send(STALLING);
        await().until(() -> server.statistics().pendingBytes() > 0);
        var watch = Stopwatch.start();
        await().pollInterval(Duration.ofMillis(100))
                .until(
                        () -> {
                            slow.receiveRaw(512);
                            return watch.isPast(timeout.multipliedBy(4));
                        });
        assertThat(server.statistics().active()).isEqualTo(1);
        assertThat(server.statistics().bytesSent()).as("slow enough").isLessThan(STALLING / 2);
    }

    /** The write timeout starts when bytes become pending, not when the last bytes moved. */
    @Test
    void silenceBeforeTheEndDoesNotCountForTheWriteTimeout() throws IOException {
        Duration timeout = Duration.ofSeconds(1);
        FaultyProvider faulty = faultyProvider();
        faulty.disguisePeers(UnaryOperator.identity());
        EchoServer server = start(faulty, settings -> settings.tls(tls()).writeTimeout(timeout));
        Peer peer = connectOverTls(server.localAddress(), "TLSv1.3");
        peer.echo(100);
        await().until(
                        () ->
                                Background.get(server.newestConnections(1))
                                                .getFirst()
                                                .idle()
                                                .compareTo(timeout.multipliedBy(2))
                                        > 0);
        faulty.fillSockets();
        var watch = Stopwatch.start();
        peer.endOutput();
        Servers.awaitClosed(server, CloseReason.WRITE_STALL, 1);
        assertThat(watch.elapsed()).isGreaterThanOrEqualTo(timeout);
    }

    /** A peer that gets a FIN without a close_notify takes it for an attack. */
    @Test
    void aCloseNotifyWaitsForAFullSendBuffer() throws IOException {
        for (CloseReason reason : List.of(CloseReason.IDLE, CloseReason.TRUNCATED)) {
            FaultyProvider faulty = faultyProvider();
            faulty.disguisePeers(UnaryOperator.identity());
            Duration idle = reason == CloseReason.IDLE ? Duration.ofSeconds(1) : Duration.ZERO;
            EchoServer server = start(faulty, settings -> settings.tls(tls()).idleTimeout(idle));
            Peer peer = connectOverTls(server.localAddress(), "TLSv1.3");
            peer.echo(100);
            faulty.fillSockets();
            if (reason == CloseReason.TRUNCATED) {
                peer.endRawOutput();
            }
            var watch = Stopwatch.start();
            await().pollInterval(Duration.ofMillis(100))
                    .until(() -> watch.isPast(Duration.ofMillis(1_300)));
            assertThat(server.statistics().active()).as("waits for the peer").isEqualTo(1);
            faulty.emptySockets();
            Servers.awaitClosed(server, reason, 1);
            peer.expectEnd();
        }
    }

    /** Nor does the wait last forever; then a reset shows that the end is missing. */
    @Test
    void aCloseNotifyThatCannotBeSentEndsAsAReset() throws IOException {
        FaultyProvider faulty = faultyProvider();
        faulty.disguisePeers(UnaryOperator.identity());
        EchoServer server =
                start(
                        faulty,
                        settings ->
                                settings.tls(tls())
                                        .idleTimeout(Duration.ofSeconds(1))
                                        .lingerTimeout(Duration.ofMillis(500)));
        Peer peer = connectOverTls(server.localAddress(), "TLSv1.3");
        peer.echo(100);
        faulty.fillSockets();
        Servers.awaitClosed(server, CloseReason.IDLE, 1);
        assertThat(peer.endsByReset()).isTrue();
    }

    /** Each such peer costs only a timer. */
    @Test
    void thousandPeersWithoutAHandshake() throws IOException {
        Duration timeout = Duration.ofSeconds(1);
        EchoServer server =
                start(settings -> settings.tls(within(timeout)).listener("patient", patientTls()));
        Peer bystander = connectOverTls(Servers.address(server, "patient"), "TLSv1.3");
        bystander.echo(100);
        var silent = new ArrayList<Peer>();
        for (int i = 0; i < 1_000; i++) {
            silent.add(connect(server.localAddress(), 0, 0));
        }
        var sinceLast = Stopwatch.start();
        await().until(
                        () -> {
                            bystander.echo(100);
                            return Servers.closed(server, CloseReason.HANDSHAKE_TIMEOUT) == 1_000;
                        });
        assertThat(sinceLast.elapsed()).isLessThan(timeout.plusSeconds(2));
        for (Peer peer : silent) {
            peer.endsByReset();
        }
        bystander.echo(100);
    }

    /** A tiny record costs as much work as a long one, but the read budget counts bytes. */
    @Test
    void tinyRecordsBesideOtherConnections() throws Exception {
        int records = 20_000;
        FaultyProvider faulty = faultyProvider();
        EchoServer server = start(faulty, settings -> settings.tls(tls()));
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            peers.add(connectOverTls(server.localAddress(), "TLSv1.3"));
            peers.getLast().echo(1);
        }
        // The middle one, so that it is between the others in either direction of the selector.
        Peer streamer = peers.remove(1);
        FaultyProvider.FaultySelector selector = faulty.selectors().getFirst();
        selector.hold();
        var streams = new ArrayList<Future<Void>>();
        streams.add(
                Background.run(
                        () -> {
                            for (int i = 0; i < records; i++) {
                                streamer.send(1);
                            }
                        }));
        streams.add(Background.run(() -> streamer.receive(records)));
        await().until(() -> streamer.sent() > records / 4);
        for (Peer peer : peers) {
            peer.send(10);
        }
        selector.release();
        for (Peer peer : peers) {
            peer.receive(10);
        }
        assertThat(server.statistics().bytesReceived()).isLessThan(records / 2);
        Background.joinAll(streams);
    }
}
