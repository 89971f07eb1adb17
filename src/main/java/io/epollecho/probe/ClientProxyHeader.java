package io.epollecho.probe;

import io.epollecho.stream.ProxyHeaderEncoder;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Locale;

/**
 * The PROXY protocol header sent first on each connection. Its destination is the server's address.
 *
 * @param version 1 or 2
 * @param source the client address in the header, or null for the socket's own
 */
public record ClientProxyHeader(int version, @Nullable InetSocketAddress source) {

    /** Validates the version. */
    public ClientProxyHeader {
        if (version != 1 && version != 2) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "version %d: must be 1 or 2", version));
        }
    }

    /** Returns the encoded header for a connection. */
    ByteBuffer bytes(SocketChannel channel) throws IOException {
        var destination = (InetSocketAddress) channel.getRemoteAddress();
        var from = source == null ? (InetSocketAddress) channel.getLocalAddress() : source;
        return ByteBuffer.wrap(
                version == 1
                        ? ProxyHeaderEncoder.version1(from, destination)
                        : ProxyHeaderEncoder.version2(from, destination, false));
    }
}
