package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.epollecho.stream.SteppedStream.Steps;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import tlschannel.ClientTlsChannel;
import tlschannel.TlsChannel;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Random;
import java.util.stream.Stream;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * Tests that every byte is echoed to clients of several implementations, over fast and slow
 * networks.
 */
@Timeout(120)
@Tag("slow")
class TlsEchoTest {

    private static final SSLContext SERVER = Certificates.context(Certificates.SERVER);
    private static final SSLContext CLIENT = Certificates.context(null);

    /** A client that sends the data, ends its stream, and returns everything that it receives. */
    interface Client {
        byte[] exchange(SocketChannel channel, String protocol, byte[] data, Random random)
                throws Exception;
    }

    static Stream<Arguments> peers() {
        return Stream.of("TLSv1.2", "TLSv1.3")
                .flatMap(
                        protocol ->
                                Stream.of(Steps.values())
                                        .flatMap(
                                                steps ->
                                                        Stream.of(
                                                                peer(
                                                                        "SSLSocket",
                                                                        protocol,
                                                                        steps,
                                                                        TlsEchoTest::sslSocket),
                                                                peer(
                                                                        "tls-channel",
                                                                        protocol,
                                                                        steps,
                                                                        TlsEchoTest::tlsChannel),
                                                                peer(
                                                                        "TlsStream",
                                                                        protocol,
                                                                        steps,
                                                                        (c, p, d, r) ->
                                                                                tlsStream(
                                                                                        c, p, d, r,
                                                                                        steps)))));
    }

    private static Arguments peer(String name, String protocol, Steps steps, Client client) {
        return argumentSet(name + ", " + protocol + ", " + steps, protocol, steps, client);
    }

    @ParameterizedTest
    @MethodSource("peers")
    void echoesEveryByte(String protocol, Steps steps, Client client) throws Exception {
        int seed = 0;
        for (Sockets kind : Sockets.values()) {
            Random random = new Random(seed);
            byte[] data = new byte[seed == 0 ? 1 : 1 + random.nextInt(steps.mostData)];
            random.nextBytes(data);
            BufferPool buffers = Buffers.pool();
            // The other networks leave bytes in the socket, which an edge-triggered selector does
            // not report again.
            Sockets sockets = steps == Steps.WHOLE ? kind : Sockets.JDK;
            try (SocketPair pair = SocketPair.open(sockets)) {
                TlsStream stream =
                        new TlsStream(
                                steps.over(pair.server(), seed++),
                                Certificates.serverEngine(SERVER, protocol),
                                buffers);
                StreamOwner owner = new StreamOwner(stream);
                InBackground<byte[]> echo =
                        InBackground.start(
                                () -> client.exchange(pair.client(), protocol, data, random));
                try (owner) {
                    owner.open();
                    assertThat(buffers.borrowed()).isLessThanOrEqualTo(stream.isDrained() ? 0 : 1);
                    owner.echo();
                    assertThat(buffers.borrowed()).isZero();
                }
                assertThat(echo.result()).isEqualTo(data);
                assertThat(stream.protocol()).isEqualTo(protocol);
                assertThat(stream.cipherSuite()).startsWith("TLS_");
                assertThat(stream.requestedHost()).isEqualTo(Certificates.HOST);
                assertThat(stream.peerSubject()).isNull();
                assertThat(owner.works).isPositive();
            }
        }
    }

    private static byte[] sslSocket(
            SocketChannel channel, String protocol, byte[] data, Random random) throws Exception {
        try (SSLSocket socket =
                (SSLSocket)
                        CLIENT.getSocketFactory()
                                .createSocket(channel.socket(), Certificates.HOST, 443, true)) {
            socket.setEnabledProtocols(new String[] {protocol});
            InBackground<byte[]> received =
                    InBackground.start(() -> socket.getInputStream().readAllBytes());
            OutputStream out = socket.getOutputStream();
            for (int i = 0; i < data.length; ) {
                int count = Math.min(data.length - i, 1 + random.nextInt(100_000));
                out.write(data, i, count);
                i += count;
            }
            socket.shutdownOutput();
            return received.result();
        }
    }

    /** Does not read after the end of its own stream, because this library cannot do that. */
    private static byte[] tlsChannel(
            SocketChannel channel, String protocol, byte[] data, Random random) throws Exception {
        try (TlsChannel tls =
                ClientTlsChannel.newBuilder(channel, Certificates.clientEngine(CLIENT, protocol))
                        .build()) {
            InBackground<byte[]> received =
                    InBackground.start(
                            () -> {
                                ByteBuffer all = ByteBuffer.allocate(data.length);
                                while (all.hasRemaining()) {
                                    assertThat(tls.read(all)).isPositive();
                                }
                                return all.array();
                            });
            ByteBuffer source = ByteBuffer.wrap(data);
            while (source.hasRemaining()) {
                source.limit(
                        Math.min(data.length, source.position() + 1 + random.nextInt(100_000)));
                tls.write(source);
                source.limit(data.length);
            }
            byte[] result = received.result();
            while (!tls.shutdown()) {
                // The second call waits for the answer.
            }
            return result;
        }
    }

    private static byte[] tlsStream(
            SocketChannel channel, String protocol, byte[] data, Random random, Steps steps)
            throws IOException {
        BufferPool buffers = Buffers.pool();
        TlsStream stream =
                new TlsStream(
                        steps.over(channel, random.nextLong()),
                        Certificates.clientEngine(CLIENT, protocol),
                        buffers);
        try (StreamOwner owner = new StreamOwner(stream)) {
            byte[] echo = owner.open().exchange(data);
            assertThat(buffers.borrowed()).isZero();
            assertThat(stream.peerSubject()).isEqualTo("CN=server");
            return echo;
        }
    }
}
