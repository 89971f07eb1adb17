package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.Certificates;
import io.epollecho.stream.ProxyHeaderEncoder;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLProtocolException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.StandardConstants;

/**
 * A client on a real connection. It sends the bytes of its own stream and checks each byte that
 * comes back. One thread may send while another receives.
 */
final class Peer implements AutoCloseable {

    private static final int CHUNK = 64 * 1024;

    private final Socket socket = new Socket();
    private final Pattern pattern;
    private final long seed;

    /** The socket that carries the echo: the plain socket, or TLS on top of it. */
    private Socket top = socket;

    /** The address of this peer in the PROXY header; null without a header. */
    private @Nullable InetSocketAddress source;

    /** True once the end of the server's stream was read. */
    private boolean ended;

    /** The failure of the header or handshake; null if there was none. */
    private @Nullable IOException failure;

    private volatile long sent;
    private volatile long received;

    /** Connects to a server. Buffer sizes of 0 let the kernel choose. */
    Peer(
            long seed,
            InetSocketAddress server,
            @Nullable InetAddress from,
            int receiveBuffer,
            int sendBuffer)
            throws IOException {
        pattern = new Pattern(seed);
        this.seed = seed;
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

    /** Returns the address by which the server knows this peer. */
    InetSocketAddress address() {
        return source == null ? socketAddress() : source;
    }

    InetSocketAddress socketAddress() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /** Sends bytes directly on the socket, below all layers. */
    void sendRaw(byte... bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /**
     * Receives bytes directly from the socket, below all layers, until the end of the connection.
     */
    byte[] receiveRawToEnd() throws IOException {
        return socket.getInputStream().readAllBytes();
    }

    /**
     * Receives the given number of bytes directly from the socket, below all layers. Afterwards,
     * only raw reads work.
     */
    void receiveRaw(int length) throws IOException {
        assertThat(socket.getInputStream().readNBytes(length)).hasSize(length);
    }

    /** Ends the socket's output, below all layers. */
    void endRawOutput() throws IOException {
        socket.shutdownOutput();
    }

    /**
     * Sends a PROXY header of version 1 or 2, depending on the seed. Fails silently if the server
     * has already refused this peer.
     */
    void sendHeader(InetSocketAddress from, InetSocketAddress to) {
        source = from;
        try {
            sendRaw(
                    seed % 2 == 0
                            ? ProxyHeaderEncoder.version1(from, to)
                            : ProxyHeaderEncoder.version2(from, to, seed % 4 == 1));
        } catch (IOException e) {
            failure = e;
        }
    }

    /** Puts TLS on the socket. The first use begins the handshake. */
    void layTls(SSLContext context, String... protocols) throws IOException {
        var tls =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(socket, Certificates.HOST, socket.getPort(), true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setProtocols(protocols);
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        tls.setSSLParameters(parameters);
        top = tls;
    }

    /** Sets the server name that the handshake requests. The name need not be valid. */
    void askFor(String name) {
        SSLParameters parameters = ((SSLSocket) top).getSSLParameters();
        parameters.setServerNames(List.of(new ServerName(name.getBytes(StandardCharsets.UTF_8))));
        ((SSLSocket) top).setSSLParameters(parameters);
    }

    /** A server name that is not validated, unlike {@link javax.net.ssl.SNIHostName}. */
    private static final class ServerName extends SNIServerName {

        ServerName(byte[] name) {
            super(StandardConstants.SNI_HOST_NAME, name);
        }
    }

    /** Sets a longer timeout for reads. */
    void waitUpTo(Duration patience) throws IOException {
        socket.setSoTimeout((int) patience.toMillis());
    }

    /**
     * Performs the handshake. If the server closes the connection, later reads return the end of
     * the stream. If the server resets the connection or sends an alert, later reads fail.
     */
    void handshake() {
        try {
            ((SSLSocket) top).startHandshake();
        } catch (IOException e) {
            failure = e;
        }
    }

    /** Returns the TLS session after the handshake. */
    SSLSession session() throws IOException {
        requireAdmission();
        return ((SSLSocket) top).getSession();
    }

    /** Returns whether the server closed the connection during the handshake. */
    private boolean isRefusedByEnd() {
        return failure instanceof SSLHandshakeException
                && failure.getCause() instanceof EOFException;
    }

    private void requireAdmission() throws IOException {
        if (failure != null) {
            throw inPlainWords(failure);
        }
    }

    /** Returns the socket exception wrapped in a TLS exception, or the exception itself. */
    private static IOException inPlainWords(IOException e) {
        return e instanceof SSLException && e.getCause() instanceof SocketException cause
                ? cause
                : e;
    }

    private int read(byte[] target, int length) throws IOException {
        if (isRefusedByEnd()) {
            return -1;
        }
        requireAdmission();
        if (ended) {
            return -1; // SSLSocket reports the end only once
        }
        try {
            int count = top.getInputStream().read(target, 0, length);
            ended = count < 0;
            return count;
        } catch (SSLException e) {
            throw inPlainWords(e);
        }
    }

    private void write(byte[] source) throws IOException {
        if (isRefusedByEnd()) {
            throw new SocketException("The server has closed the connection");
        }
        requireAdmission();
        try {
            top.getOutputStream().write(source);
        } catch (SSLException e) {
            throw inPlainWords(e);
        }
    }

    long sent() {
        return sent;
    }

    long received() {
        return received;
    }

    /**
     * Enables Nagle's algorithm, which holds back small segments while others are unacknowledged.
     */
    void coalesce() throws IOException {
        socket.setTcpNoDelay(false);
    }

    /** Sends the next bytes of the stream in chunks. */
    void send(long length) throws IOException {
        for (long left = length; left > 0; ) {
            int count = (int) Math.min(left, CHUNK);
            long position = sent;
            byte[] bytes = pattern.bytes(position, count);
            sent = position + count;
            write(bytes);
            left -= count;
        }
    }

    /** Sends the given bytes and the next bytes of the stream in a single write. */
    void sendBehind(byte[] before, int length) throws IOException {
        byte[] bytes = Arrays.copyOf(before, before.length + length);
        long position = sent;
        System.arraycopy(pattern.bytes(position, length), 0, bytes, before.length, length);
        sent = position + length;
        sendRaw(bytes);
    }

    /** Sends the next byte of the stream as urgent data, below all layers. */
    void sendUrgent() throws IOException {
        long position = sent;
        sent = position + 1;
        socket.sendUrgentData(pattern.at(position));
    }

    /** Sends a byte that is not part of the stream as urgent data. */
    void sendRawUrgent(int value) throws IOException {
        socket.sendUrgentData(value);
    }

    /** Receives exactly the given number of bytes. */
    void receive(long length) throws IOException {
        receive(length, CHUNK);
    }

    /** Receives exactly the given number of bytes with reads of limited size. */
    void receive(long length, int atOnce) throws IOException {
        var buffer = new byte[(int) Math.min(length, atOnce)];
        for (long left = length; left > 0; ) {
            int count = read(buffer, (int) Math.min(left, buffer.length));
            assertThat(count).as("bytes read, with %d of %d missing", left, length).isPositive();
            accept(buffer, count);
            left -= count;
        }
    }

    /** Receives the given number of bytes. Returns false if the stream ends before that. */
    boolean receiveUnlessEnded(int length) throws IOException {
        var buffer = new byte[length];
        for (int left = length; left > 0; ) {
            int count = read(buffer, left);
            if (count < 0) {
                return false;
            }
            accept(buffer, count);
            left -= count;
        }
        return true;
    }

    private void accept(byte[] bytes, int count) {
        long position = received;
        pattern.check(bytes, count, position);
        received = position + count;
    }

    /** Sends the given number of bytes and waits for their echo. */
    void echo(int length) throws IOException {
        send(length);
        receive(length);
    }

    void endOutput() throws IOException {
        if (isRefusedByEnd()) {
            return;
        }
        requireAdmission();
        top.shutdownOutput();
    }

    /** Receives the greeting line. */
    String receiveLine() throws IOException {
        var line = new ByteArrayOutputStream();
        var next = new byte[1];
        while (read(next, 1) == 1) {
            if (next[0] == '\n') {
                return line.toString(StandardCharsets.UTF_8);
            }
            line.write(next[0]);
        }
        throw new AssertionError("The stream ended within its first line: " + line);
    }

    /**
     * Expects the end of the connection without any byte. It may be a reset if this peer sent
     * something that the server did not read.
     */
    void expectRefusal() throws IOException {
        try {
            expectEnd();
        } catch (SocketException e) {
            requireLayers(e);
        }
    }

    /**
     * Rethrows the reset of a plain peer, which sent nothing before the echo and must not be reset.
     */
    private void requireLayers(SocketException reset) throws SocketException {
        if (source == null && !(top instanceof SSLSocket)) {
            throw reset;
        }
    }

    /**
     * Ends the output and receives until the end of the stream. The server may refuse this peer,
     * which may then be reset if it sent something that the server did not read.
     */
    void leave() throws IOException {
        try {
            endOutput();
            receiveToEnd();
        } catch (SocketException e) {
            requireLayers(e);
        }
    }

    /**
     * Sends bytes that the server must refuse, followed by bytes of the stream, and leaves. The
     * peer may be reset at any time, because the server does not read everything.
     */
    void leaveAfter(byte[] refused, int length) throws IOException {
        try {
            sendBehind(refused, length);
            endOutput();
            receiveToEnd();
        } catch (SocketException e) {
            assertThat(e).hasMessageMatching("Connection reset.*|Broken pipe.*|Socket is .*");
        }
    }

    /** Expects the end of the stream without any byte before it. */
    void expectEnd() throws IOException {
        assertThat(read(new byte[1], 1)).as("the end of the stream").isEqualTo(-1);
    }

    /**
     * Expects the end of the connection without any byte before it. Returns true if it is a reset,
     * false if it is the end of the stream.
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
        while ((count = read(buffer, buffer.length)) >= 0) {
            accept(buffer, count);
        }
    }

    /** Expects everything that was sent and then the end of the stream. */
    void receiveAllToEnd() throws IOException {
        receiveToEnd();
        assertThat(received).as("bytes received of those sent").isEqualTo(sent);
    }

    /**
     * Sends the given number of bytes. Returns false if the connection is reset before all are
     * sent.
     */
    boolean sendUnlessReset(long length) throws IOException {
        try {
            send(length);
            return true;
        } catch (SocketException e) {
            return false;
        }
    }

    /**
     * Expects everything that was sent, then ends the output and expects the end of the stream.
     * Returns false if the connection is reset before that. Reads first, because the kernel reports
     * a reset once, and a write of a close_notify ignores it.
     */
    boolean receiveAllUnlessReset() throws IOException {
        try {
            receive(sent - received);
            endOutput();
            receiveAllToEnd();
            return true;
        } catch (SocketException e) {
            return false;
        } catch (SSLProtocolException e) {
            // The kernel reports a reset once, possibly to the write of the close_notify.
            assertThat(e).hasCauseInstanceOf(EOFException.class);
            return false;
        }
    }

    /** Receives until the connection is reset. Fails if the stream ends cleanly. */
    void receiveToReset() throws IOException {
        try {
            receiveToEnd();
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("Connection reset");
            return;
        }
        throw new AssertionError("The stream ended cleanly after %d bytes".formatted(received));
    }

    /** Resets the connection. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        top.close();
    }
}
