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

/** What lies between the socket and the echo, for servers and for their peers alike. */
enum Transport {
    /** Nothing. */
    PLAIN(false, false),
    /** TLS 1.3. */
    TLS(false, true),
    /** A header of the PROXY protocol; peers send version 1 and version 2 in turn. */
    PROXY(true, false),
    /** A header, and TLS 1.3 behind it. */
    PROXY_AND_TLS(true, true);

    private static final int TLS_RECORD = 16 * 1024;

    /** What the JDK's engine allocates to open one record and to seal another. */
    private static final long ALLOCATED_PER_RECORDS = 4 * 1024;

    private final boolean proxy;
    private final boolean tls;

    Transport(boolean proxy, boolean tls) {
        this.proxy = proxy;
        this.tls = tls;
    }

    /** Keys and certificates, which are made when they are first needed. */
    private static final class Contexts {
        static final SSLContext SERVER = Certificates.context(Certificates.SERVER);
        static final SSLContext CLIENT = Certificates.context(null);
        static final SSLContext DISTRUSTFUL = Certificates.context(null, Certificates.STRANGER);
    }

    /** The server's side of TLS. */
    static TlsConfig serverTls() {
        return TlsConfig.of(Contexts.SERVER);
    }

    /** A client without a certificate, which trusts the server's. */
    static SSLContext clientContext() {
        return Contexts.CLIENT;
    }

    /** A client that does not trust the server's certificate. */
    static SSLContext distrustfulContext() {
        return Contexts.DISTRUSTFUL;
    }

    private @Nullable ProxyProtocolConfig proxyProtocol() {
        return proxy ? ProxyProtocolConfig.defaults() : null;
    }

    private @Nullable TlsConfig tls() {
        return tls ? serverTls() : null;
    }

    /** Puts it on the default listener. */
    EchoServerConfig.Builder on(EchoServerConfig.Builder settings) {
        return settings.proxyProtocol(proxyProtocol()).tls(tls());
    }

    /** Puts it on a listener. */
    ListenerConfig on(ListenerConfig listener) {
        return listener.withProxyProtocol(proxyProtocol()).withTls(tls());
    }

    boolean hasProxy() {
        return proxy;
    }

    boolean hasTls() {
        return tls;
    }

    /** Whether peers have sent something already when they send their first byte to be echoed. */
    boolean speaksFirst() {
        return proxy || tls;
    }

    /** Has a peer send what needs no answer. Its header names the address that is given. */
    void begin(Peer peer, InetSocketAddress server, InetAddress source) throws IOException {
        if (proxy) {
            peer.sendHeader(new InetSocketAddress(source, peer.address().getPort()), server);
        }
        if (tls) {
            peer.layTls(Contexts.CLIENT, "TLSv1.3");
        }
    }

    /** Has a peer complete what needs an answer. */
    void complete(Peer peer) throws IOException {
        if (tls) {
            peer.handshake();
        }
    }

    /**
     * The address that a header gives out for a peer: one that has nothing to do with the address
     * of its socket, and is as different from those of other peers.
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

    /** Takes over a connected channel in blocking mode, which is in non-blocking mode then. */
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
     * As much as a peer may send so that one read of a server with a large buffer takes it all, but
     * too much for the buffers on the way back. From a TLS connection a server takes less at once.
     */
    int oneRead() {
        return tls ? 7 * TLS_RECORD : Backend.STALLING;
    }

    /** Reads so small that a peer that sends without end is faster than the server. */
    int smallRead() {
        return tls ? TLS_RECORD : 1_024;
    }

    /** The most that a server may allocate for an echo of one small message. */
    long allocatedPerEcho() {
        return tls ? ALLOCATED_PER_RECORDS : 0;
    }
}
