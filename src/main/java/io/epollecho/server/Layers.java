package io.epollecho.server;

import io.epollecho.loop.TimerWheel;
import io.epollecho.stream.BufferPool;
import io.epollecho.stream.ByteStream;
import io.epollecho.stream.ProxyHeaderException;
import io.epollecho.stream.ProxyStream;
import io.epollecho.stream.SocketStream;
import io.epollecho.stream.TlsHandshakeException;
import io.epollecho.stream.TlsStream;
import io.epollecho.stream.TruncatedStreamException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;

import javax.net.ssl.SSLException;

/**
 * The layers between the socket of one connection and its echo: the PROXY protocol, TLS and the
 * greeting. A plain connection has no layers and no object of this class.
 */
final class Layers {

    private final ListenerConfig config;
    private final @Nullable ProxyStream proxy;
    private final @Nullable TlsStream tls;
    private final ByteStream top;

    private boolean headerSeen;
    private int held;
    private boolean open;

    /**
     * True while a worker runs a computation for the layers. Until it is done, only the worker may
     * use the stream.
     */
    private boolean computing;

    private @Nullable CloseReason alertReason;

    /**
     * Set by the loop's thread; read by a worker to skip a computation that is no longer needed.
     */
    private volatile boolean abandoned;

    /**
     * Creates the layers of a listener on a socket.
     *
     * @param channel the connected socket
     * @param config the configuration of the listener
     * @param buffers lends buffers for TLS
     */
    Layers(SocketChannel channel, ListenerConfig config, BufferPool buffers) {
        this.config = config;
        ByteStream stream = new SocketStream(channel);
        ProxyProtocolConfig proxyProtocol = config.proxyProtocol();
        this.proxy =
                proxyProtocol == null ? null : new ProxyStream(stream, proxyProtocol.trusted());
        stream = proxy == null ? stream : proxy;
        TlsConfig tlsConfig = config.tls();
        this.tls = tlsConfig == null ? null : new TlsStream(stream, tlsConfig.newEngine(), buffers);
        this.top = tls == null ? stream : tls;
    }

    /** Returns the topmost stream. */
    ByteStream top() {
        return top;
    }

    boolean greets() {
        return config.greeting() != Greeting.NONE;
    }

    boolean hasTls() {
        return tls != null;
    }

    /** Returns true exactly once, when the PROXY header is complete. */
    boolean headerArrived() {
        boolean arrived = proxy != null && proxy.isComplete() && !headerSeen;
        headerSeen |= arrived;
        return arrived;
    }

    void opened() {
        open = true;
    }

    boolean isComputing() {
        return computing;
    }

    void setComputing(boolean computing) {
        this.computing = computing;
    }

    /** Returns the reason for the alert that the connection ended with; null if there is none. */
    @Nullable CloseReason alertReason() {
        return alertReason;
    }

    void setAlertReason(CloseReason reason) {
        alertReason = reason;
    }

    /**
     * Returns the deadline of the layer that is currently opening.
     *
     * @param acceptedAt the {@link System#nanoTime()} when the connection was accepted
     */
    long deadline(long acceptedAt) {
        if (config.proxyProtocol() != null && headerPending()) {
            return acceptedAt + config.proxyProtocol().headerTimeout().toNanos();
        }
        return config.tls() == null
                ? TimerWheel.NEVER
                : acceptedAt + config.tls().handshakeTimeout().toNanos();
    }

    /** Returns the reason for closing a connection that did not open in time. */
    CloseReason lateReason() {
        return headerPending() ? CloseReason.PROXY_HEADER : CloseReason.HANDSHAKE_TIMEOUT;
    }

    /** Returns a description of the layer that did not open in time, for the log. */
    String lateText() {
        if (config.proxyProtocol() != null && headerPending()) {
            return "the PROXY header was not complete after "
                    + Setting.HEADER_TIMEOUT.format(config.proxyProtocol().headerTimeout());
        }
        return config.tls() == null
                ? "not open in time"
                : "the handshake was not complete after "
                        + Setting.HANDSHAKE_TIMEOUT.format(config.tls().handshakeTimeout());
    }

    private boolean headerPending() {
        return proxy != null && !proxy.isComplete();
    }

    /** Returns the reason for closing a connection whose stream failed. */
    static CloseReason reason(IOException failure) {
        return switch (failure) {
            case ProxyHeaderException _ -> CloseReason.PROXY_HEADER;
            case TlsHandshakeException _ -> CloseReason.HANDSHAKE_FAILED;
            case TruncatedStreamException _ -> CloseReason.TRUNCATED;
            case SSLException _ -> CloseReason.TLS_ERROR;
            default -> CloseReason.RESET;
        };
    }

    /** Returns whether the peer left without sending a byte, as a port check does. */
    static boolean isSilent(IOException failure) {
        return switch (failure) {
            case ProxyHeaderException header -> header.silent();
            case TlsHandshakeException handshake -> handshake.silent();
            default -> false;
        };
    }

    /** Returns the peer's address from the PROXY header; null if there is none. */
    @Nullable InetSocketAddress source() {
        return proxy == null ? null : proxy.sourceAddress();
    }

    /** Returns the negotiated TLS parameters; null without TLS or before all layers are open. */
    @Nullable TlsInfo tlsInfo() {
        return tls == null || !open
                ? null
                : new TlsInfo(
                        tls.protocol(), tls.cipherSuite(), tls.requestedHost(), tls.peerSubject());
    }

    /**
     * Counts the bytes sent to the peer since the last call.
     *
     * @param accepted the number of bytes that the stream accepted since the last call
     * @return the number of bytes sent, including bytes that the layers held before
     */
    int sent(int accepted) {
        int before = held;
        held = top.unsentBytes();
        return before + accepted - held;
    }

    /** Returns the number of bytes that the stream had accepted but not sent at the last count. */
    int held() {
        return held;
    }

    void abandon() {
        abandoned = true;
    }

    /** Returns whether the connection has been closed. Thread-safe. */
    boolean isAbandoned() {
        return abandoned;
    }
}
