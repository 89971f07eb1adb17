package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;

/**
 * A PROXY protocol header, in which a proxy passes on the addresses of the connection that it
 * forwards. See {@code doc/proxy-protocol.txt} of HAProxy.
 *
 * @param version 1 for the text format, 2 for the binary format
 * @param local true if the connection is the proxy's own, for example a health check
 * @param source the address of the proxy's client, or null if it is unknown or not an IP address
 * @param destination the address that the client connected to; null if and only if the source is
 *     null
 * @param length the length of the header in bytes
 */
public record ProxyHeader(
        int version,
        boolean local,
        @Nullable InetSocketAddress source,
        @Nullable InetSocketAddress destination,
        int length) {}
