package io.epollecho.probe;

import io.epollecho.stream.ProxyHeaderEncoder;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * The header of the PROXY protocol that begins each connection. Its destination is the server's
 * address.
 *
 * @param version 1 or 2
 * @param source the address of the client that the header names, or null for the socket's own
 */
public record ClientProxyHeader(int version, @Nullable InetSocketAddress source) {

    /** Checks the version. */
    public ClientProxyHeader {
        if (version != 1 && version != 2) {
            throw new IllegalArgumentException("version %d: must be 1 or 2".formatted(version));
        }
    }

    /** Returns the bytes for a connection. */
    ByteBuffer bytes(SocketChannel channel) throws IOException {
        var destination = (InetSocketAddress) channel.getRemoteAddress();
        var from = source == null ? (InetSocketAddress) channel.getLocalAddress() : source;
        return ByteBuffer.wrap(
                version == 1
                        ? ProxyHeaderEncoder.version1(from, destination)
                        : ProxyHeaderEncoder.version2(from, destination, false));
    }
}
