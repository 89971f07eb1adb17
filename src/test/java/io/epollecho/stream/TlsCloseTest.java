package io.epollecho.stream;

import static io.epollecho.stream.Certificates.clientEngine;
import static io.epollecho.stream.Certificates.context;
import static io.epollecho.stream.Certificates.serverEngine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.epollecho.stream.GatedStream.Gate;
import io.epollecho.stream.SteppedStream.Steps;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.util.HexFormat;
import java.util.Random;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/**
 * Tests of the time after the handshake: the ends of both directions, buffers, and invalid input
 * from the peer.
 */
@Timeout(60)
@SuppressWarnings("NullAway.Init") // Set by each test, which connects with its own protocol.
class TlsCloseTest {

    private static final SSLContext SERVER = context(Certificates.SERVER);
    private static final SSLContext CLIENT = context(null);

    private final BufferPool buffers = Buffers.pool();
    private final BufferPool clientBuffers = Buffers.pool();
    private SocketPair pair;
    private GatedStream serverGate;
    private GatedStream clientGate;
    private TlsStream serverStream;
    private StreamOwner server;
    private StreamOwner client;

    @BeforeEach
    void connect() throws IOException {
        pair = SocketPair.open();
    }

    @AfterEach
    void close() throws IOException {
        pair.close();
        if (serverStream != null) {
            serverStream.release();
            assertThat(buffers.borrowed()).isZero();
        }
    }

    private void handshake(String protocol, Steps steps) throws Exception {
        serverGate = new GatedStream(steps.over(pair.server(), 7));
        clientGate = new GatedStream(new SocketStream(pair.client()));
        serverStream = new TlsStream(serverGate, serverEngine(SERVER, protocol), buffers);
        server = new StreamOwner(serverStream);
        client =
                new StreamOwner(
                        new TlsStream(clientGate, clientEngine(CLIENT, protocol), clientBuffers));
        InBackground<StreamOwner> opened = InBackground.start(client::open);
        server.open();
        opened.result();
        assertThat(buffers.borrowed()).isZero();
        assertThat(clientBuffers.borrowed()).isZero();
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    // ---- ends ----------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"TLSv1.2, WHOLE", "TLSv1.3, WHOLE", "TLSv1.2, FEW", "TLSv1.3, FEW"})
    void aFinWithoutCloseNotifyIsATruncation(String protocol, Steps steps) throws Exception {
        handshake(protocol, steps);
        client.write((byte) 1, (byte) 2);
        pair.client().shutdownOutput();
        ByteBuffer target = ByteBuffer.allocate(100);
        assertThat(server.read(target)).isEqualTo(2);
        assertThatThrownBy(() -> server.read(target)).isInstanceOf(TruncatedStreamException.class);
        assertThatThrownBy(() -> server.read(target)).isInstanceOf(TruncatedStreamException.class);
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.2, WHOLE", "TLSv1.3, WHOLE", "TLSv1.2, FEW", "TLSv1.3, FEW"})
    void aFinWithinARecordIsATruncation(String protocol, Steps steps) throws Exception {
        handshake(protocol, steps);
        pair.client().write(ByteBuffer.wrap(new byte[] {23, 3, 3, 0, 100, 1, 2, 3}));
        pair.client().shutdownOutput();
        assertThatThrownBy(() -> server.read(ByteBuffer.allocate(100)))
                .isInstanceOf(TruncatedStreamException.class);
        assertThat(buffers.borrowed()).isZero();
    }

    /**
     * An idle peer that has ended its stream receives everything that is still written, and an end.
     */
    @ParameterizedTest
    @CsvSource({"WHOLE", "FEW"})
    void writesToAPeerThatHasEndedItsStream(Steps steps) throws Exception {
        handshake("TLSv1.3", steps);
        client.shutdownOutput();
        ByteBuffer target = ByteBuffer.allocate(100);
        assertThat(server.read(target)).isEqualTo(ByteStream.END);
        assertThat(serverStream.isDrained()).isTrue();
        assertThat(server.read(target)).isEqualTo(ByteStream.END);
        byte[] data = random(200_000);
        InBackground<byte[]> received = InBackground.start(client::readToEnd);
        server.write(data);
        server.shutdownOutput();
        assertThat(received.result()).isEqualTo(data);
        assertThat(pair.client().read(ByteBuffer.allocate(1))).as("FIN").isEqualTo(-1);
        assertThat(buffers.borrowed()).isZero();
    }

    /** TLS 1.2 has no half-close, so the peer must not wait for bytes that will not be sent. */
    @Test
    void endsBothDirectionsWithTls12() throws Exception {
        handshake("TLSv1.2", Steps.WHOLE);
        client.shutdownOutput();
        assertThat(server.read(ByteBuffer.allocate(100))).isEqualTo(ByteStream.END);
        assertThatThrownBy(() -> serverStream.write(ByteBuffer.allocate(1)))
                .isInstanceOf(SSLException.class);
        server.shutdownOutput();
        assertThat(client.readToEnd()).isEmpty();
    }

    /** A drain does the same: it sends its end immediately and reads what the peer still sends. */
    @ParameterizedTest
    @CsvSource({"TLSv1.2, WHOLE", "TLSv1.3, WHOLE", "TLSv1.2, FEW", "TLSv1.3, FEW"})
    void continuesToReadAfterItsOwnEnd(String protocol, Steps steps) throws Exception {
        handshake(protocol, steps);
        byte[] data = random(200_000);
        client.write((byte) 1);
        server.shutdownOutput();
        InBackground<byte[]> sent =
                InBackground.start(
                        () -> {
                            client.write(data);
                            client.shutdownOutput();
                            return client.readToEnd();
                        });
        byte[] received = server.readToEnd();
        assertThat(received).hasSize(1 + data.length).endsWith(data);
        assertThat(sent.result()).isEmpty();
        assertThatThrownBy(() -> serverStream.write(ByteBuffer.allocate(1)))
                .isInstanceOf(ClosedChannelException.class);
        assertThat(buffers.borrowed()).isZero();
    }

    /** In TLS 1.2, the engine closes its output when it receives a close_notify. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void echoesDataThatArrivesWithTheEnd(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        clientGate.set(Gate.COLLECTING);
        byte[] data = random(10_000);
        client.write(data);
        client.stream.shutdownOutput();
        InBackground<byte[]> received = InBackground.start(client::readToEnd);
        server.echo();
        assertThat(received.result()).isEqualTo(data);
    }

    /** The JDK's socket sends user_canceled first, upon which the engine closes both directions. */
    @Test
    void echoesDataThatArrivesWithTheEndOfBothDirections() throws Exception {
        InBackground<byte[]> received =
                InBackground.start(
                        () -> {
                            SSLSocket socket =
                                    (SSLSocket)
                                            CLIENT.getSocketFactory()
                                                    .createSocket(
                                                            pair.client().socket(),
                                                            Certificates.HOST,
                                                            443,
                                                            false);
                            socket.getOutputStream().write(new byte[50]);
                            socket.close();
                            return new byte[0];
                        });
        serverStream =
                new TlsStream(
                        new SocketStream(pair.server()), serverEngine(SERVER, "TLSv1.3"), buffers);
        server = new StreamOwner(serverStream).open();
        received.result();
        ByteBuffer target = ByteBuffer.allocate(20_000);
        assertThat(server.read(target)).isEqualTo(50);
        assertThat(serverStream.write(target.flip())).isEqualTo(50);
        assertThat(server.read(target.clear())).isEqualTo(ByteStream.END);
        server.shutdownOutput();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void sendsItsEndOnceThePeerAcceptsIt(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        serverGate.set(Gate.SHUT);
        byte[] data = random(5_000);
        assertThat(serverStream.write(ByteBuffer.wrap(data))).isEqualTo(data.length);
        serverStream.shutdownOutput();
        assertThat(serverStream.flush()).isFalse();
        assertThat(serverStream.interest(SelectionKey.OP_READ))
                .isEqualTo(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
        assertThat(serverStream.interest(SelectionKey.OP_WRITE)).isEqualTo(SelectionKey.OP_WRITE);
        serverGate.set(Gate.OPEN);
        server.flush();
        assertThat(client.readToEnd()).isEqualTo(data);
    }

    /** Only the outgoing direction of the layer ends; the socket can still send. */
    @ParameterizedTest
    @CsvSource({"TLSv1.2, WHOLE", "TLSv1.3, WHOLE", "TLSv1.2, FEW", "TLSv1.3, FEW"})
    void endsItsOutputWithoutAFinAndContinuesToRead(String protocol, Steps steps) throws Exception {
        handshake(protocol, steps);
        byte[] data = random(50_000);
        server.write((byte) 1);
        while (!serverStream.endOutput()) {
            Thread.onSpinWait();
        }
        assertThat(serverStream.endOutput()).isTrue();
        assertThat(serverStream.flush()).isTrue();
        assertThatThrownBy(() -> serverStream.write(ByteBuffer.allocate(1)))
                .isInstanceOf(ClosedChannelException.class);
        ByteBuffer raw = ByteBuffer.allocate(1);
        if (protocol.equals("TLSv1.3")) {
            InBackground<byte[]> seen =
                    InBackground.start(
                            () -> {
                                byte[] received = client.readToEnd();
                                client.write(data);
                                client.shutdownOutput();
                                return received;
                            });
            assertThat(server.readToEnd()).isEqualTo(data);
            assertThat(seen.result()).containsExactly(1);
        } else {
            assertThat(client.readToEnd()).containsExactly(1);
        }
        assertThat(pair.server().write(ByteBuffer.wrap(new byte[] {2}))).isEqualTo(1);
        assertThat(readRaw(raw)).as("no FIN").isEqualTo(1);
        server.shutdownOutput();
        assertThat(readRaw(raw.clear())).as("FIN").isEqualTo(-1);
        assertThat(buffers.borrowed()).isZero();
    }

    private int readRaw(ByteBuffer target) throws IOException {
        int count;
        while ((count = pair.client().read(target)) == 0) {
            Thread.onSpinWait();
        }
        return count;
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void flushSendsTheRestOfTheEnd(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        serverGate.set(Gate.SHUT);
        byte[] data = random(5_000);
        assertThat(serverStream.write(ByteBuffer.wrap(data))).isEqualTo(data.length);
        assertThat(serverStream.endOutput()).isFalse();
        assertThat(serverStream.endOutput()).isFalse();
        assertThat(serverStream.flush()).isFalse();
        serverGate.set(Gate.OPEN);
        assertThat(serverStream.flush()).isTrue();
        assertThat(serverStream.endOutput()).isTrue();
        assertThat(client.readToEnd()).isEqualTo(data);
    }

    /** After the alert, there is nothing more to send. */
    @Test
    void hasNoEndToSendAfterAFailure() throws Exception {
        handshake("TLSv1.3", Steps.WHOLE);
        pair.client().write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7}));
        assertThatThrownBy(() -> server.read(ByteBuffer.allocate(100)))
                .isInstanceOf(SSLException.class);
        assertThat(serverStream.endOutput()).isTrue();
        server.shutdownOutput();
        assertThatThrownBy(client::readToEnd)
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("Received fatal alert");
    }

    // ---- buffers -------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void acceptsNothingWhileCiphertextIsUnsent(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        serverGate.set(Gate.SHUT);
        ByteBuffer source = ByteBuffer.wrap(random(100_000));
        int accepted = serverStream.write(source);
        assertThat(accepted).isBetween(1, TlsStream.BUFFER_SIZE);
        assertThat(source.remaining()).isEqualTo(100_000 - accepted);
        assertThat(serverStream.write(source)).isZero();
        assertThat(serverStream.flush()).isFalse();
        assertThat(buffers.borrowed()).isEqualTo(1);
        serverGate.set(Gate.OPEN);
        InBackground<byte[]> received = InBackground.start(client::readToEnd);
        server.write(source);
        assertThat(buffers.borrowed()).isZero();
        server.shutdownOutput();
        assertThat(received.result()).isEqualTo(source.array());
    }

    @Test
    void returnsEachBufferOnce() throws Exception {
        handshake("TLSv1.3", Steps.WHOLE);
        client.write(random(100));
        assertThat(server.read(ByteBuffer.allocate(10))).isEqualTo(10);
        serverGate.set(Gate.SHUT);
        assertThat(serverStream.write(ByteBuffer.wrap(random(100)))).isEqualTo(100);
        assertThat(buffers.borrowed()).isEqualTo(2);
        serverStream.release();
        assertThat(buffers.borrowed()).isZero();
        serverStream.release();
        assertThat(buffers.borrowed()).isZero();
    }

    /** A client that puts load on a server uses both directions at the same time. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void readsWhileCiphertextIsUnsent(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        serverGate.set(Gate.SHUT);
        assertThat(serverStream.write(ByteBuffer.wrap(random(100)))).isEqualTo(100);
        client.write((byte) 5);
        ByteBuffer target = ByteBuffer.allocate(20_000);
        while (serverStream.read(target) == 0) {
            Thread.onSpinWait();
        }
        assertThat(target.get(0)).isEqualTo((byte) 5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void readsARecordInSmallPieces(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        byte[] data = random(1_000);
        client.write(data);
        ByteBuffer target = ByteBuffer.allocate(7);
        assertThat(server.read(target)).isEqualTo(7);
        assertThat(serverStream.isDrained()).isFalse();
        assertThat(buffers.borrowed()).isEqualTo(1);
        ByteBuffer all = ByteBuffer.allocate(1_000).put(target.flip());
        while (all.hasRemaining()) {
            assertThat(serverStream.read(target.clear())).isPositive();
            all.put(target.flip());
        }
        assertThat(all.array()).isEqualTo(data);
        assertThat(buffers.borrowed()).isZero();
        assertThat(serverStream.read(target.clear())).isZero();
        assertThat(serverStream.isDrained()).isTrue();
    }

    /** No selector reports bytes that a read leaves in the layer. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void isNotDrainedWhileRecordsAreLeft(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        clientGate.set(Gate.COLLECTING);
        for (int i = 0; i < 3; i++) {
            client.write(random(100));
        }
        clientGate.set(Gate.OPEN);
        ByteBuffer target = ByteBuffer.allocate(150);
        int total = server.read(target);
        while (total < 300) {
            assertThat(serverStream.isDrained()).isFalse();
            int count = serverStream.read(target.clear());
            assertThat(count).isPositive();
            total += count;
        }
        assertThat(serverStream.read(target.clear())).isZero();
        assertThat(serverStream.isDrained()).isTrue();
        assertThat(buffers.borrowed()).isZero();
    }

    /**
     * A small record costs as much work as a large one, so a limit lets other connections proceed.
     */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aReadOpensALimitedNumberOfSmallRecords(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        clientGate.set(Gate.COLLECTING);
        int length = 40;
        byte[] data = random(1_000 * length);
        for (int i = 0; i < data.length; i += length) {
            client.write(ByteBuffer.wrap(data, i, length));
        }
        clientGate.set(Gate.OPEN);
        ByteBuffer target = ByteBuffer.allocate(2 * data.length);
        assertThat(server.read(target)).isBetween(1, 64 * length);
        assertThat(serverStream.isDrained()).isFalse();
        while (target.position() < data.length) {
            server.read(target);
        }
        assertThat(target.flip()).isEqualTo(ByteBuffer.wrap(data));
    }

    @Test
    void refusesAPoolOfSmallBuffers() {
        BufferPool small = new BufferPool(16_384, 1);
        assertThatThrownBy(
                        () ->
                                new TlsStream(
                                        new SocketStream(pair.server()),
                                        serverEngine(SERVER, "TLSv1.3"),
                                        small))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- refusals ------------------------------------------------------------------------------

    @Test
    void refusesARenegotiation() throws Exception {
        InBackground<Integer> renegotiation =
                InBackground.start(
                        () -> {
                            SSLSocket socket =
                                    (SSLSocket)
                                            CLIENT.getSocketFactory()
                                                    .createSocket(
                                                            pair.client().socket(),
                                                            Certificates.HOST,
                                                            443,
                                                            false);
                            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
                            socket.startHandshake();
                            socket.getOutputStream().write(9);
                            socket.startHandshake();
                            return socket.getInputStream().read();
                        });
        serverStream =
                new TlsStream(
                        new SocketStream(pair.server()), serverEngine(SERVER, "TLSv1.2"), buffers);
        server = new StreamOwner(serverStream).open();
        ByteBuffer target = ByteBuffer.allocate(20_000);
        assertThat(server.read(target)).isEqualTo(1);
        assertThatThrownBy(() -> server.read(target))
                .isInstanceOf(SSLException.class)
                .hasMessage("Renegotiation refused");
        pair.server().close();
        assertThat(renegotiation.failure()).isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, 1703030010aabbccddeeff00112233445566778899", // encrypted with another key
        "TLSv1.3, 1703030020aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899",
        "TLSv1.2, 170303ffff", // too long
        "TLSv1.3, 170303ffff",
        "TLSv1.2, 474554202f", // HTTP
        "TLSv1.3, 474554202f",
        "TLSv1.2, 5345435245540a5345435245540a", // SECRET, twice
        "TLSv1.3, 5345435245540a5345435245540a",
        "TLSv1.2, 150303000753454352455421", // an invalid alert in the clear
        "TLSv1.3, 150303000753454352455421",
        "TLSv1.2, 17030300085345435245540a0a", // shorter than its tag
        "TLSv1.3, 17030300085345435245540a0a",
        "TLSv1.3, 160303000401020304", // a handshake in the clear
    })
    void refusesInvalidRecords(String protocol, String hex) throws Exception {
        for (Steps steps : new Steps[] {Steps.WHOLE, Steps.FEW}) {
            handshake(protocol, steps);
            pair.client().write(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
            assertThatThrownBy(() -> server.read(ByteBuffer.allocate(20_000)))
                    .isInstanceOf(SSLException.class)
                    .message()
                    .matches("[ -~]+")
                    .doesNotContain("SECRET");
            server.flush();
            assertThat(buffers.borrowed()).isZero();
            close();
            connect();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void sendsAnAlertForARefusedRecord(String protocol) throws Exception {
        handshake(protocol, Steps.WHOLE);
        pair.client().write(ByteBuffer.wrap(new byte[5 + 64]).put(0, new byte[] {23, 3, 3, 0, 64}));
        assertThatThrownBy(() -> server.read(ByteBuffer.allocate(20_000)))
                .isInstanceOf(SSLException.class);
        assertThatThrownBy(() -> client.read(ByteBuffer.allocate(20_000)))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("Received fatal alert: bad_record_mac");
    }
}
