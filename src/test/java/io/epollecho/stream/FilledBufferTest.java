package io.epollecho.stream;

import static io.epollecho.stream.Certificates.clientEngine;
import static io.epollecho.stream.Certificates.context;
import static io.epollecho.stream.Certificates.serverEngine;
import static io.epollecho.stream.ProxyHeaders.binary;
import static io.epollecho.stream.ProxyHeaders.concat;
import static io.epollecho.stream.ProxyHeaders.hex;
import static io.epollecho.stream.ProxyHeaders.tlv;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.GatedStream.Gate;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import javax.net.ssl.SSLContext;

/**
 * Tests of reads that fill a layer's buffer. The socket may then hold more bytes, which an
 * edge-triggered selector does not report again.
 */
@Timeout(120)
class FilledBufferTest {

    private static final int PROXY_BUFFER = 1024;
    private static final byte[] ADDRESSES = hex("c0000201 c0000202 d431 01bb");
    private static final SSLContext SERVER = context(Certificates.SERVER);
    private static final SSLContext CLIENT = context(null);

    private final BufferPool buffers = Buffers.pool();

    private static byte[] header(int length) {
        return binary(
                0x21,
                0x11,
                concat(ADDRESSES, tlv(0x20, new byte[length - 16 - ADDRESSES.length - 3])));
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static List<Arguments> lengths() {
        List<Arguments> all = new ArrayList<>();
        for (Sockets sockets : Sockets.values()) {
            for (int header : new int[] {1023, 1024, 1025, 2048, ProxyHeaderParser.MAX_LENGTH}) {
                all.add(Arguments.of(sockets, header, 0));
                all.add(Arguments.of(sockets, header, 1));
                all.add(Arguments.of(sockets, header, PROXY_BUFFER));
                all.add(Arguments.of(sockets, header, 5000));
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("lengths")
    void everythingAfterAProxyHeaderInOneSegmentIsRead(Sockets sockets, int header, int data)
            throws IOException {
        byte[] request = random(data);
        try (SocketPair pair = SocketPair.open(sockets);
                StreamOwner owner = proxied(pair)) {
            pair.client().write(ByteBuffer.wrap(concat(header(header), request)));
            owner.awaitPeer().open();
            assertThat(read(owner, data)).isEqualTo(request);
            byte[] later = random(100);
            pair.client().write(ByteBuffer.wrap(later));
            assertThat(read(owner, later.length)).isEqualTo(later);
        }
    }

    /** The data fills the buffer exactly, and the socket holds more. */
    @ParameterizedTest
    @EnumSource(Sockets.class)
    void continuesAfterALeftoverThatFilledTheBuffer(Sockets sockets) throws IOException {
        byte[] request = random(PROXY_BUFFER - 50 + 300);
        try (SocketPair pair = SocketPair.open(sockets);
                StreamOwner owner = proxied(pair)) {
            pair.client().write(ByteBuffer.wrap(concat(header(50), request)));
            owner.awaitPeer().open();
            assertThat(read(owner, request.length)).isEqualTo(request);
        }
    }

    @ParameterizedTest
    @EnumSource(Sockets.class)
    void aLongHeaderInManySegmentsOpensTheStream(Sockets sockets) throws Exception {
        byte[] header = header(ProxyHeaderParser.MAX_LENGTH);
        try (SocketPair pair = SocketPair.open(sockets);
                StreamOwner owner = proxied(pair)) {
            InBackground<Integer> sent =
                    InBackground.start(
                            () -> {
                                Random random = new Random(1);
                                int at = 0;
                                while (at < header.length) {
                                    int count =
                                            Math.min(header.length - at, 1 + random.nextInt(100));
                                    at += pair.client().write(ByteBuffer.wrap(header, at, count));
                                }
                                return pair.client().write(ByteBuffer.wrap(random(10)));
                            });
            owner.awaitPeer().open();
            assertThat(sent.result()).isEqualTo(10);
            assertThat(read(owner, 10)).isEqualTo(random(10));
        }
    }

    /** The records fill the layer's buffer exactly, and the socket holds more. */
    @ParameterizedTest
    @EnumSource(Sockets.class)
    void continuesAfterRecordsThatFilledTheBuffer(Sockets sockets) throws Exception {
        try (TlsPair tls = new TlsPair(sockets, false)) {
            tls.gate.set(Gate.COLLECTING);
            tls.client.write(random(16_000));
            int overhead = tls.gate.collected() - 16_000;
            tls.client.write(random(16_000));
            tls.client.write(random(TlsStream.BUFFER_SIZE - 2 * 16_000 - 3 * overhead));
            assertThat(tls.gate.collected()).isEqualTo(TlsStream.BUFFER_SIZE);
            tls.client.write(random(500));
            tls.gate.set(Gate.OPEN);
            int length = TlsStream.BUFFER_SIZE - 3 * overhead + 500;
            byte[] received = read(tls.server, length);
            assertThat(received).startsWith(random(16_000)).endsWith(random(500));
            tls.client.write((byte) 1);
            assertThat(read(tls.server, 1)).containsExactly(1);
            assertThat(buffers.borrowed()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Sockets.class)
    void readsManyRecordsThatArriveTogether(Sockets sockets) throws Exception {
        byte[] request = random(150_000);
        try (TlsPair tls = new TlsPair(sockets, false)) {
            tls.gate.set(Gate.COLLECTING);
            tls.client.write(request);
            tls.gate.set(Gate.OPEN);
            assertThat(read(tls.server, request.length)).isEqualTo(request);
            assertThat(buffers.borrowed()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Sockets.class)
    void aHandshakeAfterAProxyHeaderInTheSameSegmentContinues(Sockets sockets) throws Exception {
        byte[] request = random(50_000);
        try (TlsPair tls = new TlsPair(sockets, true)) {
            tls.client.write(request);
            assertThat(read(tls.server, request.length)).isEqualTo(request);
        }
    }

    private static StreamOwner proxied(SocketPair pair) throws IOException {
        return new StreamOwner(
                new ProxyStream(new SocketStream(pair.server()), List.of(), Buffers.account()));
    }

    /** Reads into a larger buffer than necessary, so that no read fills its target. */
    private static byte[] read(StreamOwner owner, int length) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(length + 100_000);
        while (target.position() < length) {
            assertThat(owner.read(target)).isPositive();
        }
        byte[] bytes = new byte[target.flip().remaining()];
        target.get(bytes);
        assertThat(bytes).hasSize(length);
        return bytes;
    }

    /** Both sides of an open connection. The client's side can collect the bytes that it sends. */
    private final class TlsPair implements AutoCloseable {

        final SocketPair pair;
        final GatedStream gate;
        final StreamOwner client;
        final StreamOwner server;

        TlsPair(Sockets sockets, boolean proxied) throws Exception {
            pair = SocketPair.open(sockets);
            gate = new GatedStream(new SocketStream(pair.client()));
            ByteStream socket = new SocketStream(pair.server());
            ByteStream below =
                    proxied ? new ProxyStream(socket, List.of(), Buffers.account()) : socket;
            server =
                    new StreamOwner(new TlsStream(below, serverEngine(SERVER, "TLSv1.3"), buffers));
            client =
                    new StreamOwner(
                            new TlsStream(gate, clientEngine(CLIENT, "TLSv1.3"), Buffers.pool()));
            if (proxied) {
                gate.set(Gate.COLLECTING);
                gate.write(ByteBuffer.wrap(header(PROXY_BUFFER - 100)));
                assertThat(client.stream.open()).isFalse();
                assertThat(gate.collected()).isGreaterThan(PROXY_BUFFER);
                gate.set(Gate.OPEN);
            }
            InBackground<StreamOwner> opened = InBackground.start(client::open);
            server.awaitPeer().open();
            opened.result();
        }

        @Override
        public void close() throws IOException {
            server.close();
            client.close();
        }
    }
}
