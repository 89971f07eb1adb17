package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;

/**
 * A header of the PROXY protocol, by which a proxy passes on the addresses of the connection that
 * it forwards. See {@code doc/proxy-protocol.txt} of HAProxy.
 *
 * @param version 1 for the line of text, 2 for the binary form
 * @param local true if the proxy itself is the peer, such as for a health check
 * @param source the address of the proxy's client, or null if it is unknown or not an IP address
 * @param destination the address that the client connected to; null if and only if the source is
 * @param length the number of bytes of the header
 */
public record ProxyHeader(
        int version,
        boolean local,
        @Nullable InetSocketAddress source,
        @Nullable InetSocketAddress destination,
        int length) {}
