package io.epollecho.server;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A connection at one moment.
 *
 * @param listener the name of the listener that accepted it
 * @param peer the peer's address
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
        int loop,
        Duration age,
        Duration idle,
        long bytesReceived,
        long bytesSent,
        int pendingBytes) {}
