package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A connection at one moment.
 *
 * @param listener the name of the listener that accepted it
 * @param peer the peer's address; the one that the PROXY protocol's header names, if it names one
 * @param proxy the address of the proxy that has sent such a header; null if none has
 * @param tls what TLS has negotiated; null in the clear and before the end of the handshake
 * @param loop the number of its event loop, from 0
 * @param age the time since it was accepted
 * @param idle the time since a byte was last moved in either direction
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
     * Returns the bytes moved in either direction.
     *
     * @return received and sent
     */
    public long bytesMoved() {
        return bytesReceived + bytesSent;
    }
}
