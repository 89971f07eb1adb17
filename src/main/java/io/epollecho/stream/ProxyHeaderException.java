package io.epollecho.stream;

import java.io.IOException;

/**
 * Thrown if a connection does not start with a valid PROXY protocol header. The message says what
 * is wrong and contains no bytes received from the peer.
 */
public final class ProxyHeaderException extends IOException {

    private static final long serialVersionUID = 1L;

    /** True if the connection ended before the first byte. */
    private final boolean silent;

    ProxyHeaderException(String reason) {
        this(reason, false);
    }

    ProxyHeaderException(String reason, boolean silent) {
        super(reason);
        this.silent = silent;
    }

    /**
     * Returns whether the peer closed the connection without sending a single byte, as a port check
     * does.
     *
     * @return true if the connection ended before the first byte
     */
    public boolean silent() {
        return silent;
    }
}
