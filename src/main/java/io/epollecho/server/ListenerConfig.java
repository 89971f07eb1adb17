package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The configuration of one listening socket.
 *
 * @param address the address to listen on; null for all addresses of this machine
 * @param port the port to listen on; 0 for any free one
 * @param backlog the length of the queue of connections that wait to be accepted; the kernel caps
 *     it at {@code net.core.somaxconn} (listen(2))
 */
public record ListenerConfig(@Nullable InetAddress address, int port, int backlog) {

    /**
     * Checks the ranges.
     *
     * @throws InvalidSettingException for the first value outside its range
     */
    public ListenerConfig {
        Setting.PORT.require(port);
        Setting.BACKLOG.require(backlog);
    }

    InetSocketAddress socketAddress() {
        return address == null ? new InetSocketAddress(port) : new InetSocketAddress(address, port);
    }

    /** Returns whether both cannot be bound at once, as they ask for the same address and port. */
    boolean collidesWith(ListenerConfig other) {
        return port == other.port
                && port != 0
                && (listensOnAll()
                        || other.listensOnAll()
                        || address == null
                        || address.equals(other.address));
    }

    private boolean listensOnAll() {
        return address == null || address.isAnyLocalAddress();
    }
}
