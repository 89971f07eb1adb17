package io.epollecho.probe;

import io.epollecho.stream.BufferPool;
import io.epollecho.stream.ByteStream;
import io.epollecho.stream.SocketStream;
import io.epollecho.stream.TlsHandshakeException;
import io.epollecho.stream.TlsStream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

import javax.net.ssl.SSLEngine;

/**
 * The steps before the first message of a connection: the PROXY header, the TLS handshake and the
 * server's greeting, each only if the options ask for it.
 */
final class Opening {

    /** The first byte of an alert, which is followed by version 3.x; see RFC 8446, 5.1. */
    private static final byte TLS_ALERT = 21;

    private final SocketStream socket;
    private final ByteStream stream;
    private final @Nullable ClientTls tls;
    private final @Nullable SSLEngine engine;
    private final @Nullable ClientProxyHeader proxyHeader;
    private final @Nullable Greeting greeting;

    /** Null until the connection is established; the header contains its addresses. */
    private @Nullable ByteBuffer header;

    private boolean streamOpen;
    private long handshakeBegunAt;
    private long handshakeNanos;
    private @Nullable String server;
    private int surplus;

    Opening(ProbeOptions options, SocketChannel channel, BufferPool buffers) {
        this.tls = options.tls();
        this.engine = tls == null ? null : tls.engine(options.address().getPort());
        this.socket = new SocketStream(channel);
        this.proxyHeader = options.proxyHeader();
        this.stream = engine == null ? socket : new TlsStream(socket, engine, buffers);
        this.greeting = options.greetingExpected() ? new Greeting() : null;
    }

    /** Returns the stream that carries the messages. */
    ByteStream stream() {
        return stream;
    }

    /**
     * Proceeds as far as possible without blocking.
     *
     * @param scratch a buffer for received bytes
     * @return true once the connection is ready for the first message
     */
    boolean advance(ByteBuffer scratch) throws IOException {
        return sendHeader() && openStream() && greet(scratch);
    }

    private boolean sendHeader() throws IOException {
        if (proxyHeader == null) {
            return true;
        }
        if (header == null) {
            header = proxyHeader.bytes(socket.channel());
        }
        if (header.hasRemaining()) {
            socket.write(header);
        }
        return !header.hasRemaining();
    }

    private boolean isHeaderUnsent() {
        return header != null && header.hasRemaining();
    }

    private boolean openStream() throws IOException {
        if (handshakeBegunAt == 0) {
            handshakeBegunAt = System.nanoTime();
        }
        while (!streamOpen) {
            try {
                streamOpen = stream.open();
            } catch (TlsHandshakeException e) {
                flushAlert();
                throw new ConnectionFailedException(
                        FailureKind.TLS, "TLS handshake failed: " + explain(e), e);
            }
            if (!streamOpen) {
                Runnable work = stream.work();
                if (work == null) {
                    return false;
                }
                // This blocks all other connections for some milliseconds, which does not distort
                // the result: all handshakes take place before anything is measured.
                work.run();
            } else if (tls != null && engine != null) {
                handshakeNanos = System.nanoTime() - handshakeBegunAt;
                tls.verifyName(engine.getSession());
            }
        }
        return true;
    }

    /** Returns the duration of the TLS handshake, or 0 without TLS. */
    long handshakeNanos() {
        return handshakeNanos;
    }

    private void flushAlert() {
        try {
            stream.flush();
        } catch (IOException _) {
            // The peer does not learn the reason, but the report contains it.
        }
    }

    private String explain(TlsHandshakeException failure) {
        String reason = failure.reason();
        if (reason.contains("client_hello")) {
            return "the server echoes the handshake; it does not use TLS";
        }
        if (proxyHeader != null && reason.contains("closed the connection before")) {
            return reason + ", after the PROXY header";
        }
        // A TLS 1.2 server also sends this alert to a client without a certificate.
        return reason.contains("alert handshake_failure")
                ? reason + "; it may require a client certificate"
                : reason;
    }

    private boolean greet(ByteBuffer scratch) throws IOException {
        while (greeting != null && server == null) {
            int count = stream.read(scratch.clear());
            stream.flush();
            if (count == ByteStream.END) {
                throw new ConnectionFailedException(
                        FailureKind.GREETING,
                        greeting.isBegun()
                                ? "The server closed the connection within the greeting"
                                : "The server closed the connection without a greeting");
            }
            if (count == 0 && stream.isDrained()) {
                return false;
            }
            server = greeting.take(scratch.flip());
            surplus = scratch.remaining();
        }
        return true;
    }

    /** Returns the interest set for the selector. */
    int interest() {
        return isHeaderUnsent() ? SelectionKey.OP_WRITE : stream.interest(SelectionKey.OP_READ);
    }

    /** Returns the name of the server, or null if no greeting was expected. */
    @Nullable String server() {
        return server;
    }

    /** Returns the number of bytes that arrived with the greeting but do not belong to it. */
    int surplus() {
        return surplus;
    }

    /** Returns the exception for the step that has timed out. */
    ConnectionFailedException timeout() {
        if (isHeaderUnsent()) {
            return new ConnectionFailedException(
                    FailureKind.STALLED, "The server does not read the PROXY header");
        }
        return streamOpen
                ? new ConnectionFailedException(
                        FailureKind.GREETING,
                        "The server sends no greeting; it may be configured without one")
                : new ConnectionFailedException(
                        FailureKind.TLS, "TLS handshake failed: the server does not answer");
    }

    /** Returns a possible reason why the peer ended the connection without any answer. */
    String hint() {
        return proxyHeader == null
                ? " before any answer; a limit on connections may be reached, or the server may"
                        + " require a PROXY header"
                : "; it may not accept a PROXY header from this address, or a limit on connections"
                        + " may be reached";
    }

    /** Returns a possible reason why the first bytes received are wrong. */
    String hint(ByteBuffer received, int count) {
        if (header != null
                && header.limit() > 0
                && received.slice(0, Math.min(count, 5))
                        .equals(header.slice(0, Math.min(count, 5)))) {
            return "; the server echoes the PROXY header and does not expect one";
        }
        if (engine == null && count > 1 && received.get(0) == TLS_ALERT && received.get(1) == 3) {
            return "; the server answers with a TLS alert, see --tls";
        }
        return greeting == null && received.get(0) == '{'
                ? "; the server may send a greeting, see --expect-greeting"
                : "";
    }

    /** Returns borrowed buffers to the pool. Call it after the channel is closed. */
    void release() {
        stream.release();
    }
}
