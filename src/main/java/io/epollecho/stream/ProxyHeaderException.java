package io.epollecho.stream;

import java.io.IOException;

/**
 * Thrown if a connection does not begin with a valid header of the PROXY protocol. The message says
 * what is wrong; it contains no bytes of the peer.
 */
public final class ProxyHeaderException extends IOException {

    private static final long serialVersionUID = 1L;

    private final boolean silent;

    ProxyHeaderException(String reason) {
        this(reason, false);
    }

    ProxyHeaderException(String reason, boolean silent) {
        super(reason);
        this.silent = silent;
    }

    /**
     * Returns whether the peer left without having sent a single byte, as a check of the port does.
     *
     * @return true if the connection ended before the first byte of the header
     */
    public boolean silent() {
        return silent;
    }
}
