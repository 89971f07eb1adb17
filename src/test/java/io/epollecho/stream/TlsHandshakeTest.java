package io.epollecho.stream;

import static io.epollecho.stream.Certificates.clientEngine;
import static io.epollecho.stream.Certificates.context;
import static io.epollecho.stream.Certificates.serverEngine;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.GatedStream.Gate;
import io.epollecho.stream.SteppedStream.Steps;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/**
 * Tests of handshakes that succeed, with and without a client certificate, and of all kinds of
 * failures.
 */
@Timeout(60)
class TlsHandshakeTest {

    private static final SSLContext SERVER = context(Certificates.SERVER);
    private static final SSLContext CLIENT = context(null);

    /** The owners stay open until the peer has read its alert, which a reset would discard. */
    private final List<StreamOwner> owners = new ArrayList<>();

    private final BufferPool buffers = Buffers.pool();

    /**
     * Starts a client on the JDK's socket. It completes when the server has answered it or has
     * ended.
     */
    private static InBackground<Integer> sslSocket(
            SocketChannel channel, SSLContext context, String protocol) {
        return InBackground.start(
                () -> {
                    try (SSLSocket socket =
                            (SSLSocket)
                                    context.getSocketFactory()
                                            .createSocket(
                                                    channel.socket(),
                                                    Certificates.HOST,
                                                    443,
                                                    true)) {
                        socket.setEnabledProtocols(new String[] {protocol});
                        socket.startHandshake();
                        return socket.getInputStream().read();
                    }
                });
    }

    /** Opens the server's side, which fails and sends its alert, and returns the reason. */
    private String reasonOfFailure(ByteStream below, SSLEngine engine) throws IOException {
        StreamOwner owner = new StreamOwner(new TlsStream(below, engine, buffers));
        owners.add(owner);
        TlsHandshakeException failure = owner.openFails();
        assertThat(buffers.borrowed()).isZero();
        assertThat(failure.silent())
                .isEqualTo(failure.reason().endsWith("closed the connection before the handshake"));
        return failure.reason();
    }

    @AfterEach
    void closeOwners() throws IOException {
        for (StreamOwner owner : owners) {
            owner.close();
        }
    }

    private String reasonOfFailure(SocketPair pair) throws IOException {
        return reasonOfFailure(
                new SocketStream(pair.server()), serverEngine(SERVER, "TLSv1.2", "TLSv1.3"));
    }

    // ---- certificates of clients ---------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, true, CN=client", "TLSv1.3, true, CN=client",
        "TLSv1.2, false, CN=client", "TLSv1.3, false, CN=client",
        "TLSv1.2, false,", "TLSv1.3, false,"
    })
    void returnsTheSubjectOfTheClient(String protocol, boolean need, @Nullable String subject)
            throws Exception {
        for (Steps steps : new Steps[] {Steps.WHOLE, Steps.ONE}) {
            SSLEngine engine = serverEngine(SERVER, protocol);
            if (need) {
                engine.setNeedClientAuth(true);
            } else {
                engine.setWantClientAuth(true);
            }
            SSLContext client = context(subject == null ? null : Certificates.CLIENT);
            try (SocketPair pair = SocketPair.open()) {
                InBackground<Integer> read = sslSocket(pair.client(), client, protocol);
                TlsStream stream = new TlsStream(steps.over(pair.server(), 1), engine, buffers);
                try (StreamOwner owner = new StreamOwner(stream)) {
                    owner.open().write((byte) 42);
                    assertThat(read.result()).isEqualTo(42);
                    assertThat(stream.peerSubject()).isEqualTo(subject);
                }
            }
        }
    }

    /** The session keeps the certificates, so long ones count as long as the connection is open. */
    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, client, 0, 0", "TLSv1.3, client, 0, 0",
        "TLSv1.2, verbose, 7000, 20000", "TLSv1.3, verbose, 7000, 20000"
    })
    void longCertificatesOfTheClientCountAsMemory(
            String protocol, String alias, int least, int most) throws Exception {
        SSLEngine engine = serverEngine(SERVER, protocol);
        engine.setNeedClientAuth(true);
        MemoryBudget.Account account = Buffers.account();
        try (SocketPair pair = SocketPair.open()) {
            InBackground<Integer> read = sslSocket(pair.client(), context(alias), protocol);
            var stream = new TlsStream(new SocketStream(pair.server()), engine, buffers, account);
            try (StreamOwner owner = new StreamOwner(stream)) {
                owner.open().write((byte) 42);
                assertThat(read.result()).isEqualTo(42);
                assertThat(account.bytes()).isBetween(least, most);
                stream.release();
                assertThat(account.bytes()).isZero();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void requiresACertificate(String protocol) throws Exception {
        assertThat(reasonWithClientOf(null, protocol))
                .isEqualTo("the peer sent no certificate, and one is required");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void refusesACertificateOfAnUnknownAuthority(String protocol) throws Exception {
        assertThat(reasonWithClientOf(Certificates.STRANGER, protocol))
                .isEqualTo("the peer's certificate was not issued by a trusted authority");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void refusesAnExpiredCertificate(String protocol) throws Exception {
        assertThat(reasonWithClientOf(Certificates.EXPIRED, protocol))
                .isEqualTo("the peer's certificate has expired");
    }

    private String reasonWithClientOf(@Nullable String alias, String protocol) throws Exception {
        String reason = "";
        for (Steps steps : new Steps[] {Steps.WHOLE, Steps.FEW}) {
            SSLEngine engine = serverEngine(SERVER, protocol);
            engine.setNeedClientAuth(true);
            try (SocketPair pair = SocketPair.open()) {
                // An ordinary client would not offer a certificate that the server does not accept.
                SSLContext client = alias == null ? CLIENT : Certificates.insistentContext(alias);
                InBackground<Integer> read = sslSocket(pair.client(), client, protocol);
                reason = reasonOfFailure(steps.over(pair.server(), 1), engine);
                assertThat(read.failure())
                        .isInstanceOf(SSLException.class)
                        .hasMessageContaining("Received fatal alert");
            }
            assertThat(buffers.borrowed()).isZero();
        }
        return reason;
    }

    // ---- alerts and the like -------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void saysThatThePeerDoesNotTrustTheCertificate(String protocol) throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            SSLContext distrustful = context(null, Certificates.STRANGER);
            InBackground<Integer> read = sslSocket(pair.client(), distrustful, protocol);
            assertThat(
                            reasonOfFailure(
                                    new SocketStream(pair.server()),
                                    serverEngine(SERVER, protocol)))
                    .startsWith("the peer does not trust the certificate (alert ");
            assertThat(read.failure()).isInstanceOf(SSLException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.2, TLSv1.3", "TLSv1.3, TLSv1.2"})
    void saysThatThereIsNoProtocolInCommon(String ours, String theirs) throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            InBackground<Integer> read = sslSocket(pair.client(), CLIENT, theirs);
            assertThat(reasonOfFailure(new SocketStream(pair.server()), serverEngine(SERVER, ours)))
                    .startsWith("no protocol version in common");
            assertThat(read.failure()).hasMessageContaining("protocol_version");
        }
    }

    @Test
    void saysThatThereIsNoCipherSuiteInCommon() throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            InBackground<Integer> read = sslSocket(pair.client(), CLIENT, "TLSv1.2");
            SSLEngine engine = serverEngine(SERVER, "TLSv1.2");
            engine.setEnabledCipherSuites(new String[] {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"});
            assertThat(reasonOfFailure(new SocketStream(pair.server()), engine))
                    .isEqualTo("no cipher suite in common");
            assertThat(read.failure()).hasMessageContaining("handshake_failure");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET / HTTP/1.1|not TLS but an HTTP request",
                "POST /x HTTP/1.1|not TLS but an HTTP request",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1 2|not TLS but a PROXY protocol header",
                "SSH-2.0-OpenSSH|not TLS but SSH",
                "hello, echo|not TLS",
            })
    void answersAPeerThatDoesNotSpeakTlsWithAnAlert(String request, String reason)
            throws Exception {
        assertThat(reasonAndAnswer(request.getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(reason + ", 1503030002020a");
    }

    @ParameterizedTest
    @CsvSource({
        // A record of 64 KiB, an SSLv2 hello, alerts, an unknown version and a PROXY header.
        "160301ffff0100, a record is longer than TLS allows",
        "802e010002001500, not TLS",
        "15030300020100, the peer ended the handshake with close_notify",
        "150303000201000000, the peer ended the handshake with close_notify",
        "16020000050102030405, not TLS",
        "0d0a0d0a000d0a515549540a, not TLS but a PROXY protocol header",
    })
    void refusesInvalidHellos(String hex, String reason) throws Exception {
        assertThat(reasonAndAnswer(HexFormat.of().parseHex(hex))).startsWith(reason + ", ");
    }

    /** Sends the bytes unchanged and returns the reason for the failure and the answer. */
    private String reasonAndAnswer(byte[] bytes) throws Exception {
        String result = "";
        for (Steps steps : Steps.values()) {
            try (SocketPair pair = SocketPair.open()) {
                pair.client().write(ByteBuffer.wrap(bytes));
                TlsStream stream =
                        new TlsStream(
                                steps.over(pair.server(), 3),
                                serverEngine(SERVER, "TLSv1.2", "TLSv1.3"),
                                buffers);
                try (StreamOwner owner = new StreamOwner(stream)) {
                    result = owner.openFails().reason();
                    byte[] answer = pair.client().socket().getInputStream().readAllBytes();
                    result += ", " + HexFormat.of().formatHex(answer);
                }
            }
            assertThat(buffers.borrowed()).isZero();
        }
        return result;
    }

    @Test
    void saysThatThePeerClosedBeforeOrDuringTheHandshake() throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            pair.client().close();
            assertThat(reasonOfFailure(pair))
                    .isEqualTo("the peer closed the connection before the handshake");
        }
        try (SocketPair pair = SocketPair.open()) {
            pair.client().write(ByteBuffer.wrap(new byte[] {22, 3, 1}));
            pair.client().shutdownOutput();
            assertThat(reasonOfFailure(pair))
                    .isEqualTo("the peer closed the connection during the handshake");
        }
    }

    @Test
    void aPeerThatClosesWithoutSendingAByteIsSilent() throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            pair.client().shutdownOutput();
            assertThat(failure(pair).silent()).isTrue();
        }
        for (String begin : new String[] {"16", "160301", "1603010100", "160301010001"}) {
            try (SocketPair pair = SocketPair.open()) {
                pair.client().write(ByteBuffer.wrap(HexFormat.of().parseHex(begin)));
                pair.client().shutdownOutput();
                assertThat(failure(pair).silent()).as(begin).isFalse();
            }
        }
    }

    private TlsHandshakeException failure(SocketPair pair) throws IOException {
        try (StreamOwner owner =
                new StreamOwner(
                        new TlsStream(
                                new SocketStream(pair.server()),
                                serverEngine(SERVER, "TLSv1.3"),
                                buffers))) {
            return owner.openFails();
        }
    }

    /** The peer sends its close_notify in the clear, as before the hello. */
    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, the peer ended the handshake with close_notify",
        // The server already has keys and expects an encrypted record.
        "TLSv1.3, a record cannot be decrypted"
    })
    void failsIfThePeerClosesDuringTheHandshake(String protocol, String reason) throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            SSLEngine client = clientEngine(CLIENT, protocol);
            ByteBuffer bytes = ByteBuffer.allocate(4 * client.getSession().getPacketBufferSize());
            client.wrap(ByteBuffer.allocate(0), bytes);
            client.closeOutbound();
            while (client.wrap(ByteBuffer.allocate(0), bytes).bytesProduced() > 0) {}
            pair.client().write(bytes.flip());
            assertThat(reasonOfFailure(pair)).isEqualTo(reason);
        }
    }

    /**
     * There is no close_notify, because a client that has already completed its handshake would
     * take it for the end of the echo.
     */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void hasNoEndToSendDuringTheHandshake(String protocol) throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            InBackground<Integer> read = sslSocket(pair.client(), CLIENT, protocol);
            TlsStream stream =
                    new TlsStream(
                            new SocketStream(pair.server()),
                            serverEngine(SERVER, protocol),
                            buffers);
            while (!stream.open() && stream.work() == null) {
                Thread.onSpinWait();
            }
            assertThat(stream.endOutput()).isTrue();
            assertThat(stream.flush()).isTrue();
            // The handshake may continue; the end is sent when it has completed.
            try (StreamOwner owner = new StreamOwner(stream)) {
                owner.open().flush();
                assertThat(read.result()).isEqualTo(-1);
            }
        }
    }

    @Test
    void hasNoEndToSendAfterAFailedHandshake() throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            pair.client().write(ByteBuffer.wrap("hello, echo".getBytes(StandardCharsets.US_ASCII)));
            TlsStream stream =
                    new TlsStream(
                            new SocketStream(pair.server()),
                            serverEngine(SERVER, "TLSv1.3"),
                            buffers);
            try (StreamOwner owner = new StreamOwner(stream)) {
                owner.openFails();
                assertThat(stream.endOutput()).isTrue();
                stream.shutdownOutput();
                assertThat(stream.flush()).isTrue();
                assertThat(pair.client().socket().getInputStream().readAllBytes()).hasSize(7);
            }
        }
    }

    /** A connection may be closed while a worker thread runs its computation. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void returnsItsBuffersWhileItsWorkRuns(String protocol) throws Exception {
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        SSLContext slow =
                Certificates.serverContext(
                        Certificates.SERVER,
                        () -> {
                            working.countDown();
                            released.await();
                            return null;
                        });
        try (SocketPair pair = SocketPair.open()) {
            // The hello is followed by a part of a record, which the layer keeps.
            SSLEngine client = clientEngine(CLIENT, protocol);
            ByteBuffer bytes = ByteBuffer.allocate(2 * client.getSession().getPacketBufferSize());
            client.wrap(ByteBuffer.allocate(0), bytes);
            pair.client().write(bytes.put(new byte[] {22, 3, 3}).flip());
            TlsStream stream =
                    new TlsStream(
                            new SocketStream(pair.server()), serverEngine(slow, protocol), buffers);
            Runnable work;
            while ((work = stream.work()) == null) {
                assertThat(stream.open()).isFalse();
            }
            InBackground<Object> worker = InBackground.start(Executors.callable(work));
            working.await();
            assertThat(buffers.borrowed()).isEqualTo(1);
            stream.channel().close();
            stream.release();
            assertThat(buffers.borrowed()).isZero();
            released.countDown();
            worker.result();
            assertThat(buffers.borrowed()).isZero();
        }
    }

    /** A drain ends a handshake immediately. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void canBeShutDownDuringTheHandshake(String protocol) throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            InBackground<Integer> read = sslSocket(pair.client(), CLIENT, protocol);
            TlsStream stream =
                    new TlsStream(
                            new SocketStream(pair.server()),
                            serverEngine(SERVER, protocol),
                            buffers);
            while (!stream.open() && stream.work() == null) {
                Thread.onSpinWait();
            }
            stream.shutdownOutput();
            assertThat(stream.flush()).isTrue();
            assertThat(read.failure()).isInstanceOf(IOException.class);
            stream.release();
            assertThat(buffers.borrowed()).isZero();
        }
    }

    @Test
    void canBeShutDownBeforeTheHandshake() throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            TlsStream stream =
                    new TlsStream(
                            new SocketStream(pair.server()),
                            serverEngine(SERVER, "TLSv1.3"),
                            buffers);
            assertThat(stream.open()).isFalse();
            stream.shutdownOutput();
            assertThat(stream.flush()).isTrue();
            assertThat(pair.client().socket().getInputStream().readAllBytes()).isEmpty();
            assertThat(buffers.borrowed()).isZero();
        }
    }

    // ---- turns ---------------------------------------------------------------------------------

    /**
     * The first request may arrive with the last bytes of the handshake, and then no selector
     * reports it.
     */
    @ParameterizedTest
    @EnumSource(Steps.class)
    void dataAfterTheHandshakeIsReadableImmediately(Steps steps) throws Exception {
        for (String protocol : new String[] {"TLSv1.2", "TLSv1.3"}) {
            try (SocketPair pair = SocketPair.open()) {
                GatedStream gate = new GatedStream(new SocketStream(pair.client()));
                TlsStream client = new TlsStream(gate, clientEngine(CLIENT, protocol), buffers);
                TlsStream server =
                        new TlsStream(
                                steps.over(pair.server(), 5),
                                serverEngine(SERVER, protocol),
                                buffers);
                pair.client().configureBlocking(false);
                boolean tls12 = protocol.equals("TLSv1.2");
                boolean clientOpen = false;
                while (!clientOpen) {
                    server.open();
                    run(server);
                    run(client);
                    if (tls12) {
                        clientOpen = client.open();
                    } else {
                        // In TLS 1.3, the client sends the last message, Finished, and may append
                        // data.
                        gate.set(Gate.COLLECTING);
                        clientOpen = client.open();
                        if (!clientOpen) {
                            gate.set(Gate.OPEN);
                        }
                    }
                }
                client.write(ByteBuffer.wrap("hello".getBytes(StandardCharsets.US_ASCII)));
                gate.set(Gate.OPEN);
                while (!server.open()) {
                    run(server);
                }
                ByteBuffer target = ByteBuffer.allocate(20_000);
                if (!tls12 && steps == Steps.WHOLE) {
                    assertThat(server.isDrained()).isFalse();
                    assertThat(server.read(target)).isEqualTo(5);
                } else {
                    while (server.read(target) == 0) {
                        Thread.onSpinWait();
                    }
                }
                assertThat(new String(target.array(), 0, 5, StandardCharsets.US_ASCII))
                        .isEqualTo("hello");
                assertThat(buffers.borrowed()).isZero();
            }
        }
    }

    private static void run(TlsStream stream) {
        Runnable work = stream.work();
        if (work != null) {
            work.run();
        }
    }

    @Test
    void selectsForTheOperationsThatTheHandshakeNeeds() throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            GatedStream gate = new GatedStream(new SocketStream(pair.server()));
            TlsStream stream = new TlsStream(gate, serverEngine(SERVER, "TLSv1.3"), buffers);
            gate.set(Gate.SHUT);
            assertThat(stream.open()).isFalse();
            assertThat(stream.interest(SelectionKey.OP_WRITE)).isEqualTo(SelectionKey.OP_READ);
            InBackground<Integer> read = sslSocket(pair.client(), CLIENT, "TLSv1.3");
            while (stream.work() == null) {
                assertThat(stream.open()).isFalse();
            }
            assertThat(stream.interest(SelectionKey.OP_READ)).isZero();
            while (stream.work() != null) {
                run(stream);
                assertThat(stream.open()).isFalse();
            }
            assertThat(stream.interest(SelectionKey.OP_READ)).isEqualTo(SelectionKey.OP_WRITE);
            gate.set(Gate.OPEN);
            try (StreamOwner owner = new StreamOwner(stream)) {
                owner.open().write((byte) 7);
                assertThat(read.result()).isEqualTo(7);
            }
            assertThat(buffers.borrowed()).isZero();
        }
    }

    @Test
    void returnsTheHostThatTheClientRequested() throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            InBackground<Integer> read = sslSocket(pair.client(), CLIENT, "TLSv1.3");
            TlsStream stream =
                    new TlsStream(
                            new SocketStream(pair.server()),
                            serverEngine(SERVER, "TLSv1.3"),
                            buffers);
            assertThat(stream.protocol()).isEqualTo("NONE");
            assertThat(stream.requestedHost()).isNull();
            try (StreamOwner owner = new StreamOwner(stream)) {
                owner.open().write((byte) 7);
                assertThat(read.result()).isEqualTo(7);
                assertThat(stream.requestedHost()).isEqualTo(Certificates.HOST);
                assertThat(stream.protocol()).isEqualTo("TLSv1.3");
            }
        }
    }
}
