package io.epollecho.stream;

import javax.net.ssl.SSLException;

/** Thrown when a record that arrives after the handshake is invalid or not allowed. */
public final class TlsRecordException extends SSLException {

    private static final long serialVersionUID = 1L;

    /** True if valid bytes that arrived before the record are lost. */
    private final boolean losesBytes;

    TlsRecordException(String message, SSLException cause, boolean losesBytes) {
        super(message, cause);
        this.losesBytes = losesBytes;
    }

    /**
     * Returns whether valid bytes that arrived before the record are lost: they were decrypted by
     * the same read, and after its failure the engine can no longer encrypt their echo.
     *
     * @return true if bytes are lost
     */
    public boolean losesBytes() {
        return losesBytes;
    }
}
