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

/**
 * What comes before the first message of a connection, as far as the options ask for it: a PROXY
 * header, then the handshake, then the server's greeting.
 */
final class Opening {

    private final SocketStream socket;
    private final ByteStream stream;
    private final @Nullable ClientProxyHeader proxyHeader;
    private final @Nullable Greeting greeting;

    /** Null until the connection has the addresses that the header names. */
    private @Nullable ByteBuffer header;

    private boolean streamOpen;
    private @Nullable String server;
    private int surplus;

    Opening(ProbeOptions options, SocketChannel channel, BufferPool buffers) {
        ClientTls tls = options.tls();
        this.socket = new SocketStream(channel);
        this.proxyHeader = options.proxyHeader();
        this.stream =
                tls == null
                        ? socket
                        : new TlsStream(socket, tls.engine(options.address().getPort()), buffers);
        this.greeting = options.greetingExpected() ? new Greeting() : null;
    }

    /** Returns the stream of the messages. */
    ByteStream stream() {
        return stream;
    }

    /**
     * Goes on as far as possible.
     *
     * @param scratch a buffer for what is received
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
                // Some milliseconds, which other connections wait. They all handshake before
                // anything is measured.
                work.run();
            }
        }
        return true;
    }

    private void flushAlert() {
        try {
            stream.flush();
        } catch (IOException _) {
            // The peer does not learn why; the report says it.
        }
    }

    private String explain(TlsHandshakeException failure) {
        String reason = failure.reason();
        if (reason.contains("client_hello")) {
            return "the server sends the handshake back; it echoes without TLS";
        }
        if (proxyHeader != null && reason.contains("closed the connection before")) {
            return reason + ", after the PROXY header";
        }
        // With TLS 1.2 this is also the answer to a client without a certificate.
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
                                ? "The server ended its stream within the greeting"
                                : "The server ended its stream without a greeting");
            }
            if (count == 0 && stream.isDrained()) {
                return false;
            }
            server = greeting.take(scratch.flip());
            surplus = scratch.remaining();
        }
        return true;
    }

    /** Returns the operations to select for. */
    int interest() {
        return isHeaderUnsent() ? SelectionKey.OP_WRITE : stream.interest(SelectionKey.OP_READ);
    }

    /** Returns the name of the server, or null if no greeting was expected. */
    @Nullable String server() {
        return server;
    }

    /** Returns how many bytes came with the greeting that do not belong to it. */
    int surplus() {
        return surplus;
    }

    /** Returns the failure that consists in waiting for too long. */
    ConnectionFailedException timeout() {
        if (isHeaderUnsent()) {
            return new ConnectionFailedException(
                    FailureKind.STALLED, "The server does not accept the PROXY header");
        }
        return streamOpen
                ? new ConnectionFailedException(
                        FailureKind.GREETING,
                        "The server sends no greeting; it may be configured without one")
                : new ConnectionFailedException(
                        FailureKind.TLS, "TLS handshake failed: the server does not answer it");
    }

    /** Returns what may explain that the peer leaves early. */
    String hint() {
        return proxyHeader == null ? "" : "; it may not accept a PROXY header from this address";
    }

    /** Returns what may explain that the first bytes are others than sent. */
    String hint(ByteBuffer received, int count) {
        if (header != null
                && header.limit() > 0
                && received.slice(0, Math.min(count, 5))
                        .equals(header.slice(0, Math.min(count, 5)))) {
            return "; the server sends the PROXY header back, it does not expect one";
        }
        return greeting == null && received.get(0) == '{'
                ? "; the server may greet, see --expect-greeting"
                : "";
    }

    /** Gives borrowed buffers back, once the channel is closed. */
    void release() {
        stream.release();
    }
}
