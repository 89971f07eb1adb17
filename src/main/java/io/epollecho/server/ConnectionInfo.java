package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A snapshot of one connection.
 *
 * @param listener the name of the listener that accepted it
 * @param peer the peer's address; taken from the PROXY header if it names one
 * @param proxy the address of the proxy that sent the header; null if there is none
 * @param tls the negotiated TLS parameters; null without TLS and before the handshake is complete
 * @param loop the index of its event loop, starting at 0
 * @param age the time since it was accepted
 * @param idle the time since a byte last moved in either direction
 * @param bytesReceived bytes read from the peer
 * @param bytesSent bytes written to the peer
 * @param pendingBytes bytes read and not yet written
 */
public record ConnectionInfo(
        String listener,
        InetSocketAddress peer,
        @Nullable InetSocketAddress proxy,
        @Nullable TlsInfo tls,
        int loop,
        Duration age,
        Duration idle,
        long bytesReceived,
        long bytesSent,
        int pendingBytes) {

    /**
     * Returns the number of bytes moved in both directions.
     *
     * @return the sum of bytes received and sent
     */
    public long bytesMoved() {
        return bytesReceived + bytesSent;
    }
}
