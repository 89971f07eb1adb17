package io.epollecho.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;

/**
 * Thrown when a listening socket cannot be bound: the port is in use or needs a permission that the
 * process lacks, or the address does not belong to this machine. The cause is the exception thrown
 * by {@code bind}.
 */
public final class BindFailedException extends UncheckedIOException {

    private static final long serialVersionUID = 1L;

    /** The name of the listener. */
    private final String listener;

    /** The configured address. */
    private final InetSocketAddress address;

    BindFailedException(String listener, InetSocketAddress address, IOException cause) {
        super(
                "Cannot listen on " + SocketAddresses.format(address) + ": " + cause.getMessage(),
                cause);
        this.listener = listener;
        this.address = address;
    }

    /**
     * Returns the name of the listener.
     *
     * @return the name; {@link EchoServerConfig#DEFAULT_LISTENER} for the default listener
     */
    public String listener() {
        return listener;
    }

    /**
     * Returns the configured address.
     *
     * @return address and port
     */
    public InetSocketAddress address() {
        return address;
    }
}
