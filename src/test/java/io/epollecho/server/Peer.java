package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;

/**
 * A client on a real connection. It sends the bytes of a stream of its own and checks each byte
 * that comes back. One thread may send while another one receives.
 */
final class Peer implements AutoCloseable {

    private static final int CHUNK = 64 * 1024;

    private final Socket socket = new Socket();
    private final Pattern pattern;
    private volatile long sent;
    private volatile long received;

    /** Buffer sizes of 0 leave them to the kernel. */
    Peer(
            long seed,
            InetSocketAddress server,
            @Nullable InetAddress from,
            int receiveBuffer,
            int sendBuffer)
            throws IOException {
        pattern = new Pattern(seed);
        try {
            if (receiveBuffer > 0) {
                socket.setReceiveBufferSize(receiveBuffer);
            }
            if (sendBuffer > 0) {
                socket.setSendBufferSize(sendBuffer);
            }
            if (from != null) {
                socket.bind(new InetSocketAddress(from, 0));
            }
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(Background.PATIENCE_MILLIS);
            socket.connect(server, Background.PATIENCE_MILLIS);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    long sent() {
        return sent;
    }

    long received() {
        return received;
    }

    /** Holds small segments back while others are under way, as Nagle's algorithm does. */
    void coalesce() throws IOException {
        socket.setTcpNoDelay(false);
    }

    /** Sends the next bytes of its stream, in pieces as large as the socket takes them. */
    void send(long length) throws IOException {
        for (long left = length; left > 0; ) {
            int count = (int) Math.min(left, CHUNK);
            long position = sent;
            byte[] bytes = pattern.bytes(position, count);
            sent = position + count;
            socket.getOutputStream().write(bytes);
            left -= count;
        }
    }

    /** Sends the next byte of its stream as urgent data. */
    void sendUrgent() throws IOException {
        long position = sent;
        sent = position + 1;
        socket.sendUrgentData(pattern.at(position));
    }

    /** Receives exactly so many bytes. */
    void receive(long length) throws IOException {
        receive(length, CHUNK);
    }

    /** Receives exactly so many bytes, at most a few at a time. */
    void receive(long length, int atOnce) throws IOException {
        var buffer = new byte[(int) Math.min(length, atOnce)];
        for (long left = length; left > 0; ) {
            int count =
                    socket.getInputStream().read(buffer, 0, (int) Math.min(left, buffer.length));
            assertThat(count).as("bytes read, with %d of %d missing", left, length).isPositive();
            accept(buffer, count);
            left -= count;
        }
    }

    /** Receives up to so many bytes. Returns whether it were as many, and not fewer and the end. */
    boolean receiveUnlessEnded(int length) throws IOException {
        byte[] buffer = socket.getInputStream().readNBytes(length);
        accept(buffer, buffer.length);
        return buffer.length == length;
    }

    private void accept(byte[] bytes, int count) {
        long position = received;
        pattern.check(bytes, count, position);
        received = position + count;
    }

    /** Sends so many bytes and waits for their echo. */
    void echo(int length) throws IOException {
        send(length);
        receive(length);
    }

    void endOutput() throws IOException {
        socket.shutdownOutput();
    }

    /** Expects the end of the stream and not a byte before it. */
    void expectEnd() throws IOException {
        assertThat(socket.getInputStream().read()).as("the end of the stream").isEqualTo(-1);
    }

    /**
     * Expects an end and not a byte before it; whether it is a reset, not the end of the stream.
     */
    boolean endsByReset() throws IOException {
        try {
            expectEnd();
            return false;
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("Connection reset");
            return true;
        }
    }

    /** Receives until the end of the stream. */
    void receiveToEnd() throws IOException {
        var buffer = new byte[CHUNK];
        int count;
        while ((count = socket.getInputStream().read(buffer)) >= 0) {
            accept(buffer, count);
        }
    }

    /** Expects all that was sent and then the end of the stream. */
    void receiveAllToEnd() throws IOException {
        receiveToEnd();
        assertThat(received).as("bytes received of those sent").isEqualTo(sent);
    }

    /** Sends so many bytes; returns false if the connection is reset before all are sent. */
    boolean sendUnlessReset(long length) throws IOException {
        try {
            send(length);
            return true;
        } catch (SocketException e) {
            return false;
        }
    }

    /**
     * Ends the output and expects all that was sent and the end of the stream; returns false if the
     * connection is reset before that.
     */
    boolean receiveAllUnlessReset() throws IOException {
        try {
            endOutput();
            receiveAllToEnd();
            return true;
        } catch (SocketException e) {
            return false;
        }
    }

    /** Receives until the connection is reset, which has to happen before any end of the stream. */
    void receiveToReset() throws IOException {
        try {
            receiveToEnd();
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("Connection reset");
            return;
        }
        throw new AssertionError(
                "The stream came to a clean end after %d bytes".formatted(received));
    }

    /** Resets the connection. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
