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
 * The layers between the socket of one connection and its echo: the PROXY protocol, TLS, the
 * greeting. A plain connection has no layers and no such object.
 */
final class Layers {

    private final ListenerConfig config;
    private final @Nullable ProxyStream proxy;
    private final @Nullable TlsStream tls;
    private final ByteStream top;

    private boolean headerSeen;
    private int held;
    private boolean open;

    /** Written by the loop's thread, read by a worker that is about to compute for nothing. */
    private volatile boolean abandoned;

    /**
     * Puts the layers of a listener on a socket.
     *
     * @param channel the connected socket
     * @param config the configuration of the listener
     * @param buffers lends the buffers for TLS
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

    /** Returns the stream on top of all. */
    ByteStream top() {
        return top;
    }

    boolean greets() {
        return config.greeting() != Greeting.NONE;
    }

    boolean hasTls() {
        return tls != null;
    }

    /** Returns true once: as soon as the PROXY protocol's header is complete. */
    boolean headerArrived() {
        boolean arrived = proxy != null && proxy.isComplete() && !headerSeen;
        headerSeen |= arrived;
        return arrived;
    }

    void opened() {
        open = true;
    }

    /**
     * Returns when the layer that opens now must be open.
     *
     * @param acceptedAt when the connection was accepted
     */
    long deadline(long acceptedAt) {
        if (config.proxyProtocol() != null && headerPending()) {
            return acceptedAt + config.proxyProtocol().headerTimeout().toNanos();
        }
        return config.tls() == null
                ? TimerWheel.NEVER
                : acceptedAt + config.tls().handshakeTimeout().toNanos();
    }

    /** Returns the reason for closing a connection that has not opened in time. */
    CloseReason lateReason() {
        return headerPending() ? CloseReason.PROXY_HEADER : CloseReason.HANDSHAKE_TIMEOUT;
    }

    /** Returns in words what has not opened in time. */
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

    /** Returns the reason for closing a connection whose stream has failed. */
    static CloseReason reason(IOException failure) {
        return switch (failure) {
            case ProxyHeaderException _ -> CloseReason.PROXY_HEADER;
            case TlsHandshakeException _ -> CloseReason.HANDSHAKE_FAILED;
            case TruncatedStreamException _ -> CloseReason.TRUNCATED;
            case SSLException _ -> CloseReason.TLS_ERROR;
            default -> CloseReason.RESET;
        };
    }

    /** Returns whether the peer left without having sent a byte, as a port check does. */
    static boolean isSilent(IOException failure) {
        return switch (failure) {
            case ProxyHeaderException header -> header.silent();
            case TlsHandshakeException handshake -> handshake.silent();
            default -> false;
        };
    }

    /** Returns the peer's address according to the PROXY protocol; null if that has none. */
    @Nullable InetSocketAddress source() {
        return proxy == null ? null : proxy.sourceAddress();
    }

    /** Returns what TLS has negotiated; null without TLS and until all layers are open. */
    @Nullable TlsInfo tlsInfo() {
        return tls == null || !open
                ? null
                : new TlsInfo(
                        tls.protocol(), tls.cipherSuite(), tls.requestedHost(), tls.peerSubject());
    }

    /**
     * Counts what has left for the peer since the last call.
     *
     * @param accepted how many bytes the stream has accepted since then
     * @return how many bytes were sent, of these and of those held before
     */
    int sent(int accepted) {
        int before = held;
        held = top.unsentBytes();
        return before + accepted - held;
    }

    /** Returns how many bytes the stream has accepted and not sent, by the last count. */
    int held() {
        return held;
    }

    void abandon() {
        abandoned = true;
    }

    /** Returns whether the connection has been closed. For any thread. */
    boolean isAbandoned() {
        return abandoned;
    }
}
