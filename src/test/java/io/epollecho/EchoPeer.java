package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * A client of the echo server. Sends a stream whose bytes depend on their position and verifies
 * every byte it receives. No method waits longer than {@link #PATIENCE}.
 */
public final class EchoPeer implements AutoCloseable {

    /** Timeout for operations of a working server. */
    public static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final int SMALL_BUFFER = 16 * 1024;
    private static final int CHUNK = 64 * 1024;

    private final SocketChannel channel;
    private final InputStream in;
    private final byte[] buffer = new byte[CHUNK];
    private long sent;
    private long received;

    private EchoPeer(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.socket().setSoTimeout((int) PATIENCE.toMillis());
        this.in = channel.socket().getInputStream();
    }

    /** Connects to a server on this machine. */
    public static EchoPeer connect(int port) throws IOException {
        var channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.SO_RCVBUF, SMALL_BUFFER);
        channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return new EchoPeer(channel);
    }

    /** Returns the local port. */
    public int port() {
        return channel.socket().getLocalPort();
    }

    /** Asserts that the server on this machine accepts a connection and echoes. */
    public static void assertEchoes(int port) throws IOException {
        try (EchoPeer peer = connect(port)) {
            peer.exchange(1000);
            peer.finish();
        }
    }

    /** Sends the given number of bytes, at most 64 KiB, and reads their echo. */
    public void exchange(int count) throws IOException {
        send(count);
        while (received < sent) {
            assertThat(receive()).as("the stream has not ended").isTrue();
        }
    }

    /**
     * Sends bytes and reads their echo until the server ends the stream with a FIN. A reset throws
     * an exception.
     *
     * @param count the number of bytes to send at a time
     * @return the number of bytes received, all of which were verified
     */
    public long exchangeUntilEnd(int count) throws IOException {
        while (true) {
            send(count);
            while (received < sent) {
                if (!receive()) {
                    return received;
                }
            }
        }
    }

    /** Sends without reading the echo until the condition is true. */
    public void stall(BooleanSupplier stalled) throws IOException {
        channel.configureBlocking(false);
        await().atMost(PATIENCE)
                .until(
                        () -> {
                            int written;
                            do {
                                written = channel.write(pattern(CHUNK));
                                sent += written;
                            } while (written > 0);
                            return stalled.getAsBoolean();
                        });
        channel.configureBlocking(true);
    }

    /** Half-closes the connection, then reads the rest of the echo and the end of the stream. */
    public void finish() throws IOException {
        channel.shutdownOutput();
        assertEnds();
        assertThat(received).as("bytes received").isEqualTo(sent);
    }

    /** Reads until the server ends the stream. */
    public void assertEnds() throws IOException {
        while (receive()) {}
    }

    private void send(int count) throws IOException {
        channel.write(pattern(count));
        sent += count;
    }

    /** Returns false at the end of the stream. */
    private boolean receive() throws IOException {
        int count = in.read(buffer);
        for (int i = 0; i < count; i++) {
            if (buffer[i] != at(received + i)) {
                throw new AssertionError("Byte %d differs from that sent".formatted(received + i));
            }
        }
        received += Math.max(0, count);
        assertThat(received).as("at most as many bytes as were sent").isLessThanOrEqualTo(sent);
        return count >= 0;
    }

    private ByteBuffer pattern(int count) {
        var bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = at(sent + i);
        }
        return ByteBuffer.wrap(bytes);
    }

    /** Returns the byte at a position. Reordered bytes up to 16 MiB apart are soon detected. */
    private static byte at(long place) {
        return (byte) (place ^ (place >>> 8) * 31 ^ (place >>> 16) * 17);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
