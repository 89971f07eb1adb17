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
 * A client of the echo server. It sends a stream of bytes that depend on their place in it, and
 * checks each byte that comes back against that. Nothing waits longer than {@link #PATIENCE}.
 */
public final class EchoPeer implements AutoCloseable {

    /** Longer than anything takes that works. */
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

    /** This side's port. */
    public int port() {
        return channel.socket().getLocalPort();
    }

    /** Whether a server on this machine echoes; fails if one accepts and then does not. */
    public static void assertEchoes(int port) throws IOException {
        try (EchoPeer peer = connect(port)) {
            peer.exchange(1000);
            peer.finish();
        }
    }

    /** Sends so many bytes, at most 64 KiB, and takes their echo. */
    public void exchange(int count) throws IOException {
        send(count);
        while (received < sent) {
            assertThat(receive()).as("the stream goes on").isTrue();
        }
    }

    /**
     * Sends and takes the echo until the server ends the stream, by a FIN: a reset would be an
     * exception.
     *
     * @param count bytes on their way at a time
     * @return the number of bytes that came back, all of them as they were sent
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

    /** Sends and takes nothing of the echo, until the server is seen to suffer from it. */
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

    /** Ends this side's stream, takes all that is owed, and then the server's end. */
    public void finish() throws IOException {
        channel.shutdownOutput();
        assertEnds();
        assertThat(received).as("bytes that came back").isEqualTo(sent);
    }

    /** Takes what still comes, up to the server's end of the stream. */
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
                throw new AssertionError("Byte %d is not the one sent".formatted(received + i));
            }
        }
        received += Math.max(0, count);
        assertThat(received).as("no byte that was not sent").isLessThanOrEqualTo(sent);
        return count >= 0;
    }

    private ByteBuffer pattern(int count) {
        var bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = at(sent + i);
        }
        return ByteBuffer.wrap(bytes);
    }

    /** Any two places less than 16 MiB apart that are mixed up show within a few bytes. */
    private static byte at(long place) {
        return (byte) (place ^ (place >>> 8) * 31 ^ (place >>> 16) * 17);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
