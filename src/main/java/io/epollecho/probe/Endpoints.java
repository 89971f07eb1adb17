package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;

/**
 * The two ends of a connection, as far as they are known. The operating system reveals the local
 * one only after it has established the connection, unless the options name it.
 *
 * @param local the probe's address and port, or null
 * @param remote the server's address and port, or null
 */
public record Endpoints(@Nullable InetSocketAddress local, @Nullable InetSocketAddress remote) {

    static final Endpoints UNKNOWN = new Endpoints(null, null);

    /** Returns the ends as a suffix for the description of a failure, which may be empty. */
    @Override
    public String toString() {
        return (local == null ? "" : ", from " + Addresses.withPort(local))
                + (remote == null ? "" : ", to " + Addresses.withPort(remote));
    }
}
