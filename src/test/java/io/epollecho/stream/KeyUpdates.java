package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.GatedStream.Gate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Random;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;

/** The programs that {@link TlsKeyUpdateTest} runs in a JVM with a small limit of bytes per key. */
final class KeyUpdates {

    private static final String SUITE = "TLS_AES_128_GCM_SHA256";
    private static final SSLContext SERVER = Certificates.context(Certificates.SERVER);
    private static final SSLContext CLIENT = Certificates.context(null);

    /**
     * The number of bytes in transit, which must not exceed what the sockets hold: the JDK's socket
     * cannot answer a key update while it is blocked in a write.
     */
    private static final int CHUNK = 32 * 1024;

    private static final BufferPool buffers = Buffers.pool();

    private KeyUpdates() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("exchange")) {
            exchange();
        } else {
            unread();
        }
    }

    private static TlsStream server(ByteStream below) {
        SSLEngine engine = Certificates.serverEngine(SERVER, "TLSv1.3");
        engine.setEnabledCipherSuites(new String[] {SUITE});
        return new TlsStream(below, engine, buffers);
    }

    private static void exchange() throws Exception {
        byte[] data = new byte[8 << 20];
        new Random(1).nextBytes(data);
        try (SocketPair pair = SocketPair.open()) {
            InBackground<Integer> end = InBackground.start(() -> sslSocket(pair.client(), data));
            echoAndCount(pair.server());
            assertThat(end.result()).isEqualTo(-1);
        }
        try (SocketPair pair = SocketPair.open()) {
            InBackground<Integer> end = InBackground.start(() -> tlsStream(pair.client(), data));
            echoAndCount(pair.server());
            assertThat(end.result()).isEqualTo(-1);
        }
        System.out.println("echoed");
    }

    private static void echoAndCount(SocketChannel channel) throws IOException {
        UpdateCounter counter = new UpdateCounter(new SocketStream(channel));
        try (StreamOwner owner = new StreamOwner(server(counter))) {
            owner.open().echo();
        }
        assertThat(counter.updates).as("key updates sent").isGreaterThan(100);
        assertThat(buffers.borrowed()).isZero();
    }

    private static int sslSocket(SocketChannel channel, byte[] data) throws Exception {
        try (SSLSocket socket =
                (SSLSocket)
                        CLIENT.getSocketFactory()
                                .createSocket(channel.socket(), Certificates.HOST, 443, true)) {
            for (int i = 0; i < data.length; i += CHUNK) {
                socket.getOutputStream().write(data, i, CHUNK);
                byte[] echo = socket.getInputStream().readNBytes(CHUNK);
                assertThat(Arrays.equals(echo, 0, CHUNK, data, i, i + CHUNK)).isTrue();
            }
            socket.shutdownOutput();
            return socket.getInputStream().read();
        }
    }

    private static int tlsStream(SocketChannel channel, byte[] data) throws IOException {
        BufferPool own = Buffers.pool();
        SSLEngine engine = Certificates.clientEngine(CLIENT, "TLSv1.3");
        TlsStream stream = new TlsStream(new SocketStream(channel), engine, own);
        try (StreamOwner owner = new StreamOwner(stream)) {
            owner.open();
            ByteBuffer echo = ByteBuffer.allocate(CHUNK);
            for (int i = 0; i < data.length; i += CHUNK) {
                owner.write(ByteBuffer.wrap(data, i, CHUNK));
                echo.clear();
                while (echo.hasRemaining()) {
                    assertThat(owner.read(echo)).isPositive();
                }
                assertThat(echo.flip()).isEqualTo(ByteBuffer.wrap(data, i, CHUNK));
            }
            owner.shutdownOutput();
            int end = owner.read(echo.clear());
            assertThat(own.borrowed()).isZero();
            return end;
        }
    }

    private static void unread() throws Exception {
        try (SocketPair pair = SocketPair.open()) {
            GatedStream gate = new GatedStream(new SocketStream(pair.server()));
            TlsStream stream = server(gate);
            StreamOwner owner = new StreamOwner(stream);
            StreamOwner client =
                    new StreamOwner(
                            new TlsStream(
                                    new SocketStream(pair.client()),
                                    Certificates.clientEngine(CLIENT, "TLSv1.3"),
                                    Buffers.pool()));
            InBackground<StreamOwner> opened = InBackground.start(client::open);
            owner.open();
            opened.result();
            gate.set(Gate.SHUT);
            int records = 200;
            for (int i = 0; i < records; i++) {
                client.write(new byte[300]);
            }
            client.stream.shutdownOutput();
            ByteBuffer target = ByteBuffer.allocate(64 * 1024);
            int count = 1;
            while (count > 0 || stream.flush()) {
                count = stream.read(target);
            }
            assertThat(target.position()).isBetween(300, records * 300 / 2);
            assertThat(stream.isDrained()).isTrue();
            assertThat(stream.interest(SelectionKey.OP_WRITE)).isEqualTo(SelectionKey.OP_WRITE);
            System.out.println("stopped");

            gate.set(Gate.OPEN);
            int before = target.position();
            assertThat(before + owner.readToEnd().length).isEqualTo(records * 300);
            owner.shutdownOutput();
            assertThat(buffers.borrowed()).isZero();
            System.out.println("read the rest");
        }
    }

    /**
     * Counts the records that have the length of a KeyUpdate. No other record in these programs has
     * this length.
     */
    private static final class UpdateCounter extends ForwardingStream {

        /**
         * The length of the message, its type, the 16 bytes of padding added by the JDK, and the
         * tag.
         */
        private static final int LENGTH_OF_UPDATE = 5 + 1 + 16 + 16;

        private final ByteBuffer header = ByteBuffer.allocate(5);
        private int payload;
        private int updates;

        UpdateCounter(ByteStream below) {
            super(below);
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            ByteBuffer written = source.duplicate();
            int count = below.write(source);
            written.limit(source.position());
            while (written.hasRemaining()) {
                if (payload > 0) {
                    int skipped = Math.min(payload, written.remaining());
                    written.position(written.position() + skipped);
                    payload -= skipped;
                } else {
                    header.put(written.get());
                    if (!header.hasRemaining()) {
                        payload = Short.toUnsignedInt(header.getShort(3));
                        updates += header.get(0) == 23 && payload == LENGTH_OF_UPDATE ? 1 : 0;
                        header.clear();
                    }
                }
            }
            return count;
        }
    }
}
