package io.epollecho.server;

import io.epollecho.stream.Certificates;
import io.epollecho.stream.ProxyHeaderEncoder;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;

import javax.net.ssl.SSLContext;

/** The listeners and the layers between their sockets and the echo, for both servers and peers. */
enum Transport {
    /** No layers. */
    PLAIN(false, false),
    /** TLS 1.3. */
    TLS(false, true),
    /** A PROXY header; peers send versions 1 and 2 in turn. */
    PROXY(true, false),
    /** A PROXY header followed by TLS 1.3. */
    PROXY_AND_TLS(true, true),
    /** No layers, on two listeners that peers use in turn. */
    TWO_LISTENERS(false, false);

    private static final int TLS_RECORD = 16 * 1024;

    /** The bytes that the JDK's engine allocates to decrypt one record and encrypt another. */
    private static final long ALLOCATED_PER_RECORDS = 4 * 1024;

    private final boolean proxy;
    private final boolean tls;

    Transport(boolean proxy, boolean tls) {
        this.proxy = proxy;
        this.tls = tls;
    }

    /** Keys and certificates, created on first use. */
    private static final class Contexts {
        static final SSLContext SERVER = Certificates.context(Certificates.SERVER);
        static final SSLContext CLIENT = Certificates.context(null);
        static final SSLContext DISTRUSTFUL = Certificates.context(null, Certificates.STRANGER);
    }

    /** Returns the TLS configuration of a server. */
    static TlsConfig serverTls() {
        return TlsConfig.of(Contexts.SERVER);
    }

    /** Returns the context of a client without a certificate that trusts the server's. */
    static SSLContext clientContext() {
        return Contexts.CLIENT;
    }

    /** Returns the context of a client that does not trust the server's certificate. */
    static SSLContext distrustfulContext() {
        return Contexts.DISTRUSTFUL;
    }

    private @Nullable ProxyProtocolConfig proxyProtocol() {
        return proxy ? ProxyProtocolConfig.defaults() : null;
    }

    private @Nullable TlsConfig tls() {
        return tls ? serverTls() : null;
    }

    /** Applies the layers of the transport to the default listener. */
    EchoServerConfig.Builder on(EchoServerConfig.Builder settings) {
        return settings.proxyProtocol(proxyProtocol()).tls(tls());
    }

    /** Returns the listener with the layers of this transport. */
    ListenerConfig on(ListenerConfig listener) {
        return listener.withProxyProtocol(proxyProtocol()).withTls(tls());
    }

    /** Returns the number of listeners. */
    int listeners() {
        return this == TWO_LISTENERS ? 2 : 1;
    }

    boolean hasProxy() {
        return proxy;
    }

    boolean hasTls() {
        return tls;
    }

    /** Returns whether peers send other bytes before their first byte to be echoed. */
    boolean speaksFirst() {
        return proxy || tls;
    }

    /**
     * Performs the steps of a peer that need no answer. The PROXY header contains the given
     * address.
     */
    void begin(Peer peer, InetSocketAddress server, InetAddress source) throws IOException {
        if (proxy) {
            peer.sendHeader(new InetSocketAddress(source, peer.address().getPort()), server);
        }
        if (tls) {
            peer.layTls(Contexts.CLIENT, "TLSv1.3");
        }
    }

    /** Performs the steps of a peer that need an answer. */
    void complete(Peer peer) throws IOException {
        if (tls) {
            peer.handshake();
        }
    }

    /**
     * Returns the address that a PROXY header reports for a peer. It differs from the peer's socket
     * address, and different socket addresses give different results.
     */
    static InetAddress disguise(InetAddress address) throws IOException {
        byte[] bytes = address.getAddress();
        if (address instanceof Inet4Address) {
            bytes[0] = 10;
        } else {
            bytes[0] = 0x20;
            bytes[1] = 1;
            bytes[2] = 0x0d;
            bytes[3] = (byte) 0xb8;
        }
        return InetAddress.getByAddress(bytes);
    }

    /**
     * Puts the transport on a connected channel in blocking mode and switches the channel to
     * non-blocking mode.
     */
    ByteChannel over(SocketChannel channel) throws IOException {
        if (proxy) {
            var own = (InetSocketAddress) channel.getLocalAddress();
            var server = (InetSocketAddress) channel.getRemoteAddress();
            channel.write(ByteBuffer.wrap(ProxyHeaderEncoder.version2(own, server, true)));
        }
        if (tls) {
            return NonBlockingTls.over(channel, Contexts.CLIENT);
        }
        channel.configureBlocking(false);
        return channel;
    }

    /**
     * Returns the number of bytes that a server with a large buffer can read at once but that
     * overflows the buffers on the way back. Over TLS, a server reads less at once.
     */
    int oneRead() {
        return tls ? 7 * TLS_RECORD : Scenarios.STALLING;
    }

    /**
     * Returns a read buffer size so small that a peer that sends continuously is faster than the
     * server.
     */
    int smallRead() {
        return tls ? TLS_RECORD : 1_024;
    }

    /** Returns the maximum number of bytes that a server may allocate per small echo. */
    long allocatedPerEcho() {
        return tls ? ALLOCATED_PER_RECORDS : 0;
    }
}
