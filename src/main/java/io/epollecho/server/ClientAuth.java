package io.epollecho.server;

/** The client authentication mode of a TLS listener. */
public enum ClientAuth {
    /** Clients are not asked for a certificate. */
    NONE,
    /**
     * Clients are asked for a certificate and may decline; a certificate that they send must be
     * trusted.
     */
    WANT,
    /** Clients without a trusted certificate are refused. */
    NEED
}
