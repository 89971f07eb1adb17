package io.epollecho.stream;

import java.io.IOException;

/**
 * Thrown if a connection does not begin with a valid header of the PROXY protocol. The message says
 * what is wrong; it contains no bytes of the peer.
 */
public final class ProxyHeaderException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param reason what is wrong with the header
     */
    public ProxyHeaderException(String reason) {
        super(reason);
    }
}
