package io.epollecho.server;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A connection as it stood at one moment.
 *
 * @param peer the peer's address
 * @param loop the number of the event loop it lives on, from 0
 * @param age how long it has been open
 * @param idle how long since a byte was last moved in either direction
 * @param bytesReceived bytes read from the peer
 * @param bytesSent bytes written to the peer
 * @param pendingBytes bytes read and not yet written
 */
public record ConnectionInfo(
        InetSocketAddress peer,
        int loop,
        Duration age,
        Duration idle,
        long bytesReceived,
        long bytesSent,
        int pendingBytes) {}
