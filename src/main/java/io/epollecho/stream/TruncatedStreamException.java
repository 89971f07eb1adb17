package io.epollecho.stream;

import java.io.IOException;

/**
 * Thrown when the peer's stream ends without the end that its protocol requires, for example when a
 * TLS peer sends a FIN but no close_notify; see RFC 8446, 6.1. Bytes may be missing.
 */
public final class TruncatedStreamException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message states what ended and what was missing
     */
    public TruncatedStreamException(String message) {
        super(message);
    }
}
