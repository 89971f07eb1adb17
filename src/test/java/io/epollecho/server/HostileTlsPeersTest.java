package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.HandmadeTls;
import io.epollecho.stream.ProxyHeaderEncoder;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;

/** Peers that use TLS in ways in which no library uses it cannot affect other peers. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileTlsPeersTest {

    private static final byte[] CLOSE_NOTIFY = {1, 0};
    private static final int UNEXPECTED_MESSAGE = 10;
    private static final int CLIENT_HELLO = 1;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private @Nullable EchoServer started;

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable resource : opened.reversed()) {
            resource.close();
        }
    }

    private EchoServer start(UnaryOperator<EchoServerConfig.Builder> change) {
        var server =
                new EchoServer(
                        change.apply(
                                        EchoServerConfig.builder()
                                                .selector(Backend.EPOLL_EDGE.selector())
                                                .address(InetAddress.getLoopbackAddress())
                                                .port(0)
                                                .tls(Transport.serverTls())
                                                .listener("plain", plain()))
                                .build());
        server.start();
        opened.add(() -> server.stop());
        started = server;
        return server;
    }

    private EchoServer start() {
        return start(settings -> settings);
    }

    private static ListenerConfig plain() {
        return new ListenerConfig(InetAddress.getLoopbackAddress(), 0, 128);
    }

    private HandmadeTls connect(EchoServer server) throws IOException {
        var peer = new HandmadeTls(server.localAddress());
        opened.add(peer);
        return peer;
    }

    private Peer connectRaw(InetSocketAddress address) throws IOException {
        var peer = new Peer(opened.size(), address, null, 0, 0);
        opened.add(peer);
        return peer;
    }

    private long closed(CloseReason reason) {
        return Servers.closed(Objects.requireNonNull(started), reason);
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        return bytes;
    }

    private static byte[] concat(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    /** Reads to the end and returns the description of the last alert, 0 if there was none. */
    private static int lastAlert(HandmadeTls peer) throws IOException {
        int alert = 0;
        HandmadeTls.Received next;
        while ((next = peer.receive()) != null) {
            if (next.type() == HandmadeTls.ALERT) {
                alert = next.content()[1];
            }
        }
        return alert;
    }

    // ---- messages after the handshake
    // ------------------------------------------------------------

    @Test
    void paddedKeyUpdatesAreLegal() throws IOException {
        HandmadeTls peer = connect(start());
        for (int i = 0; i < 20; i++) {
            peer.send(HandmadeTls.HANDSHAKE, HandmadeTls.keyUpdate(), i * 100);
            peer.updateKey();
            peer.send(HandmadeTls.DATA, bytes(100), i);
            assertThat(peer.receiveData(100)).isEqualTo(bytes(100));
        }
    }

    /** Types of RFC 8446 that a client must not send after its handshake, and an unknown type. */
    @ParameterizedTest
    @ValueSource(ints = {CLIENT_HELLO, 2, 4, 8, 11, 13, 15, 20, 99})
    void otherHandshakeMessagesGetAnAlert(int type) throws IOException {
        HandmadeTls peer = connect(start());
        peer.send(HandmadeTls.DATA, bytes(100), 0);
        assertThat(peer.receiveData(100)).isEqualTo(bytes(100));
        byte[] message =
                type == CLIENT_HELLO
                        ? HandmadeTls.clientHello()
                        : HandmadeTls.message(type, new byte[40]);
        peer.send(HandmadeTls.HANDSHAKE, message, 0);
        assertThat(lastAlert(peer)).isEqualTo(UNEXPECTED_MESSAGE);
        await().until(() -> closed(CloseReason.TLS_ERROR) == 1);
    }

    /** The engine keeps the parts of a message until it is complete. */
    @Test
    void partsOfALongHandshakeMessageGetAnAlert() throws IOException {
        HandmadeTls peer = connect(start());
        byte[] message = HandmadeTls.message(24, new byte[32_000]);
        for (int i = 0; i < 2; i++) {
            peer.send(
                    HandmadeTls.HANDSHAKE,
                    Arrays.copyOfRange(message, i * 12_000, (i + 1) * 12_000),
                    0);
        }
        assertThat(lastAlert(peer)).isEqualTo(UNEXPECTED_MESSAGE);
        await().until(() -> closed(CloseReason.TLS_ERROR) == 1);
    }

    @Test
    void partsOfHandshakeMessagesCountAgainstTheBudget() throws IOException {
        long limit = 1 << 20;
        EchoServer server = start(settings -> settings.maxPending(limit));
        Peer bystander = connectRaw(Servers.address(server, "plain"));
        byte[] part = Arrays.copyOf(HandmadeTls.message(24, new byte[32_000]), 15_000);
        int crowd = 200;
        for (int i = 0; i < crowd; i++) {
            connect(server).send(HandmadeTls.HANDSHAKE, part, 0);
            bystander.echo(10);
        }
        await().until(() -> server.statistics().active() < 1 + limit / 14_000);
        assertThat(closed(CloseReason.PENDING_LIMIT)).isGreaterThan(crowd - 1 - limit / 14_000);
        assertThat(server.statistics().active()).as("those that fit").isGreaterThan(50);
        bystander.echo(100);
    }

    // ---- the handshake
    // ---------------------------------------------------------------------------

    @Test
    void aLongClientHelloIsRefused() throws IOException {
        Peer peer = connectRaw(start().localAddress());
        peer.sendRaw(
                HandmadeTls.records(
                        Arrays.copyOf(HandmadeTls.clientHello(32_700), 32_600), 16_000));
        assertThat(peer.receiveRawToEnd()).startsWith(21, 3, 3, 0, 2, 2);
        await().until(() -> closed(CloseReason.HANDSHAKE_FAILED) == 1);
    }

    @Test
    void aClientHelloInTinyRecordsIsRefused() throws IOException {
        Peer peer = connectRaw(start().localAddress());
        peer.sendRaw(HandmadeTls.records(Arrays.copyOf(HandmadeTls.clientHello(2_000), 1_999), 1));
        assertThat(peer.receiveRawToEnd()).startsWith(21, 3, 3, 0, 2, 2);
        await().until(() -> closed(CloseReason.HANDSHAKE_FAILED) == 1);
    }

    /** The oldest give way to the newest, and nobody else notices. */
    @Test
    void unfinishedHandshakesCountAgainstTheBudget() throws IOException {
        long limit = 2 << 20;
        EchoServer server = start(settings -> settings.maxPending(limit));
        Peer bystander = connectRaw(Servers.address(server, "plain"));
        byte[] part =
                HandmadeTls.records(Arrays.copyOf(HandmadeTls.clientHello(16_000), 15_000), 15_000);
        int crowd = 300;
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < crowd; i++) {
            peers.add(connectRaw(server.localAddress()));
            peers.getLast().sendRaw(part);
            bystander.echo(10);
        }
        await().until(() -> server.statistics().active() < 1 + limit / 30_000);
        assertThat(server.statistics().active()).as("those that fit").isGreaterThan(30);
        assertThat(closed(CloseReason.PENDING_LIMIT)).isGreaterThan(crowd - 1 - limit / 30_000);
        assertThat(peers.getFirst().endsByReset()).isTrue();
        bystander.echo(100);
    }

    // ---- ends
    // ------------------------------------------------------------------------------------

    /** What can follow valid records in the same segment. */
    enum Tail {
        WRONG_TAG {
            @Override
            byte[] of(HandmadeTls peer) {
                byte[] damaged = peer.seal(HandmadeTls.DATA, bytes(100), 0);
                damaged[30] ^= 1;
                return damaged;
            }
        },
        TOO_LONG {
            @Override
            byte[] of(HandmadeTls peer) {
                return Arrays.copyOf(new byte[] {23, 3, 3, 0x42, 0}, 5 + 0x4200);
            }
        },
        PADDED_FATAL_ALERT {
            @Override
            byte[] of(HandmadeTls peer) {
                return peer.seal(HandmadeTls.ALERT, new byte[] {2, 40}, 200);
            }
        },
        PADDED_CLIENT_HELLO {
            @Override
            byte[] of(HandmadeTls peer) {
                return peer.seal(HandmadeTls.HANDSHAKE, HandmadeTls.message(1, new byte[4]), 200);
            }
        };

        abstract byte[] of(HandmadeTls peer);
    }

    /** Either the echo of the valid records is complete, or a reset shows that it is not. */
    @ParameterizedTest
    @EnumSource
    void validRecordsBeforeAnInvalidOneAreEchoedOrCut(Tail tail) throws IOException {
        EchoServer server = start();
        for (int i = 1; i <= 10; i++) {
            HandmadeTls peer = connect(server);
            var segment = new ByteArrayOutputStream();
            for (int k = 0; k < 5; k++) {
                segment.writeBytes(peer.seal(HandmadeTls.DATA, bytes(100), 0));
            }
            segment.writeBytes(tail.of(peer));
            peer.sendRaw(segment.toByteArray());
            assertThat(echoedOrReset(peer)).as("bytes echoed before a FIN").isEqualTo(500);
            long count = i;
            await().until(() -> closed(CloseReason.TLS_ERROR) == count);
        }
    }

    /** Returns the number of bytes echoed; as many as necessary if the connection was reset. */
    private static int echoedOrReset(HandmadeTls peer) throws IOException {
        int echoed = 0;
        try {
            HandmadeTls.Received next;
            while ((next = peer.receive()) != null) {
                echoed += next.type() == HandmadeTls.DATA ? next.content().length : 0;
            }
            return echoed;
        } catch (SocketException e) {
            return 500;
        }
    }

    /** RFC 8446, 6.1: what follows a close_notify is ignored, and does not affect the echo. */
    @Test
    void bytesAfterACloseNotifyAreIgnored() throws IOException {
        EchoServer server = start(settings -> settings.sendBuffer(64 * 1024));
        HandmadeTls peer = connect(server);
        byte[] data = bytes(16_000);
        int records = 64;
        Future<Void> sender =
                Background.run(
                        () -> {
                            for (int i = 0; i < records; i++) {
                                peer.send(HandmadeTls.DATA, data, 0);
                            }
                            peer.sendRaw(
                                    concat(
                                            peer.seal(HandmadeTls.ALERT, CLOSE_NOTIFY, 0),
                                            bytes(100_000)));
                        });
        await().until(() -> server.statistics().pendingBytes() > 0);
        for (int i = 0; i < records; i++) {
            assertThat(peer.receiveData(data.length)).isEqualTo(data);
        }
        Background.join(sender);
        assertThat(lastAlert(peer)).as("close_notify").isZero();
        peer.sendFin();
        await().until(() -> closed(CloseReason.PEER) == 1);
    }

    /** Garbage that arrives while the end of the echo is still in transit. */
    @Test
    void bytesLongAfterACloseNotifyAreIgnored() throws IOException {
        EchoServer server = start(settings -> settings.sendBuffer(512 * 1024));
        HandmadeTls peer = connect(server);
        byte[] data = bytes(16_000);
        int records = 20;
        for (int i = 0; i < records; i++) {
            peer.send(HandmadeTls.DATA, data, 0);
        }
        peer.send(HandmadeTls.ALERT, CLOSE_NOTIFY, 0);
        await().until(() -> server.statistics().bytesSent() == (long) records * data.length);
        for (int i = 0; i < records; i++) {
            peer.sendRaw(bytes(1_000));
            assertThat(peer.receiveData(data.length)).isEqualTo(data);
        }
        assertThat(lastAlert(peer)).as("close_notify").isZero();
    }

    // ---- limits
    // ----------------------------------------------------------------------------------

    /** A connection that lingers after its alert still counts for its address. */
    @Test
    void anAddressCountsEvenIfItsHandshakeFailsAtOnce() throws IOException {
        EchoServer server =
                start(
                        settings ->
                                settings.proxyProtocol(ProxyProtocolConfig.defaults())
                                        .maxConnectionsPerAddress(2));
        var client = new InetSocketAddress(InetAddress.ofLiteral("203.0.113.7"), 4000);
        byte[] segment =
                concat(
                        ProxyHeaderEncoder.version1(client, server.localAddress()),
                        "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < 20; i++) {
            connectRaw(server.localAddress()).sendRaw(segment);
        }
        await().until(() -> closed(CloseReason.ADDRESS_LIMIT) >= 14);
    }
}
