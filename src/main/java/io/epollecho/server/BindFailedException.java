package io.epollecho.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;

/**
 * The listening socket could not be bound: the port is in use, needs a permission that the process
 * lacks, or the address is none of this machine's. The cause is the exception that {@code bind}
 * gave.
 */
public final class BindFailedException extends UncheckedIOException {

    private static final long serialVersionUID = 1L;

    private final InetSocketAddress address;

    BindFailedException(InetSocketAddress address, IOException cause) {
        super(
                "Cannot listen on " + SocketAddresses.format(address) + ": " + cause.getMessage(),
                cause);
        this.address = address;
    }

    /**
     * The address that was asked for.
     *
     * @return address and port
     */
    public InetSocketAddress address() {
        return address;
    }
}
