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
 * A client on a real connection. It sends the bytes of a stream of its own and checks each byte
 * that comes back. One thread may send while another one receives.
 */
final class Peer implements AutoCloseable {

    private static final int CHUNK = 64 * 1024;

    private final Socket socket = new Socket();
    private final Pattern pattern;
    private final long seed;

    /** What the echo runs over: the socket, or TLS on top of it. */
    private Socket top = socket;

    /** The address that the header of the PROXY protocol has given out for this peer. */
    private @Nullable InetSocketAddress source;

    /** True once the end of the server's stream has come. */
    private boolean ended;

    /** Why the server has not let this peer come as far as the echo. */
    private @Nullable IOException failure;

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

    /** The address by which the server knows this peer. */
    InetSocketAddress address() {
        return source == null ? socketAddress() : source;
    }

    InetSocketAddress socketAddress() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /** Sends bytes below all that the echo runs over. */
    void sendRaw(byte... bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** Receives what comes below all that the echo runs over, until the end of the connection. */
    byte[] receiveRawToEnd() throws IOException {
        return socket.getInputStream().readAllBytes();
    }

    /** Receives so many bytes below all that the echo runs over, which can go on there only. */
    void receiveRaw(int length) throws IOException {
        assertThat(socket.getInputStream().readNBytes(length)).hasSize(length);
    }

    /** Ends the connection's own output, below all that the echo runs over. */
    void endRawOutput() throws IOException {
        socket.shutdownOutput();
    }

    /**
     * Sends a header of the PROXY protocol: of version 1 or version 2, depending on the seed. A
     * server that has refused this peer already does not take it.
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

    /** From now on everything runs over TLS. The first use begins the handshake. */
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

    /** Asks for a server name, which need not be valid, before the handshake. */
    void askFor(String name) {
        SSLParameters parameters = ((SSLSocket) top).getSSLParameters();
        parameters.setServerNames(List.of(new ServerName(name.getBytes(StandardCharsets.UTF_8))));
        ((SSLSocket) top).setSSLParameters(parameters);
    }

    /** Has no check, unlike the JDK's own. */
    private static final class ServerName extends SNIServerName {

        ServerName(byte[] name) {
            super(StandardConstants.SNI_HOST_NAME, name);
        }
    }

    /** Waits longer than usual for whatever is to come. */
    void waitUpTo(Duration patience) throws IOException {
        socket.setSoTimeout((int) patience.toMillis());
    }

    /**
     * Completes the handshake. If the server ends it, reads find the end of the stream; if it
     * resets the connection or sends an alert, they fail.
     */
    void handshake() {
        try {
            ((SSLSocket) top).startHandshake();
        } catch (IOException e) {
            failure = e;
        }
    }

    /** The TLS session, once the handshake is complete. */
    SSLSession session() throws IOException {
        requireAdmission();
        return ((SSLSocket) top).getSession();
    }

    /** True if the server has closed the connection in the middle of the handshake. */
    private boolean isRefusedByEnd() {
        return failure instanceof SSLHandshakeException
                && failure.getCause() instanceof EOFException;
    }

    private void requireAdmission() throws IOException {
        if (failure != null) {
            throw inPlainWords(failure);
        }
    }

    /** An exception of the socket that comes wrapped in one of TLS, or the exception itself. */
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
            return -1; // SSLSocket says it once
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
            write(bytes);
            left -= count;
        }
    }

    /** Sends the next bytes of its stream right behind others, all of them at once. */
    void sendBehind(byte[] before, int length) throws IOException {
        byte[] bytes = Arrays.copyOf(before, before.length + length);
        long position = sent;
        System.arraycopy(pattern.bytes(position, length), 0, bytes, before.length, length);
        sent = position + length;
        sendRaw(bytes);
    }

    /** Sends the next byte of its stream as urgent data, below all that the echo runs over. */
    void sendUrgent() throws IOException {
        long position = sent;
        sent = position + 1;
        socket.sendUrgentData(pattern.at(position));
    }

    /** Sends a byte as urgent data that belongs to no stream. */
    void sendRawUrgent(int value) throws IOException {
        socket.sendUrgentData(value);
    }

    /** Receives exactly so many bytes. */
    void receive(long length) throws IOException {
        receive(length, CHUNK);
    }

    /** Receives exactly so many bytes, at most a few at a time. */
    void receive(long length, int atOnce) throws IOException {
        var buffer = new byte[(int) Math.min(length, atOnce)];
        for (long left = length; left > 0; ) {
            int count = read(buffer, (int) Math.min(left, buffer.length));
            assertThat(count).as("bytes read, with %d of %d missing", left, length).isPositive();
            accept(buffer, count);
            left -= count;
        }
    }

    /** Receives up to so many bytes. Returns whether it were as many, and not fewer and the end. */
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

    /** Sends so many bytes and waits for their echo. */
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

    /** Receives the line that the server sends before the echo. */
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
     * Expects an end and not a byte before it. It is a reset if this peer has sent something that
     * the server has not read.
     */
    void expectRefusal() throws IOException {
        try {
            expectEnd();
        } catch (SocketException e) {
            requireLayers(e);
        }
    }

    /** With nothing to send before the echo there is no reason for a reset. */
    private void requireLayers(SocketException reset) throws SocketException {
        if (source == null && !(top instanceof SSLSocket)) {
            throw reset;
        }
    }

    /**
     * Ends the output and receives up to the end of the stream, of a server that may refuse this
     * peer. It is reset then if it has sent something that the server has not read.
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
     * Sends bytes that the server is to refuse, some of its stream behind them, and leaves. It may
     * be reset at any time, as the server does not read it all.
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

    /** Expects the end of the stream and not a byte before it. */
    void expectEnd() throws IOException {
        assertThat(read(new byte[1], 1)).as("the end of the stream").isEqualTo(-1);
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
        while ((count = read(buffer, buffer.length)) >= 0) {
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
        } catch (SSLProtocolException e) {
            // The kernel reports a reset once, and the close_notify may have met it.
            assertThat(e).hasCauseInstanceOf(EOFException.class);
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
        top.close();
    }
}
