package io.epollecho.server;

/** The client authentication of a TLS listener. */
public enum ClientAuth {
    /** Clients are not asked. */
    NONE,
    /** Clients are asked and may decline; a certificate that they send must be trusted. */
    WANT,
    /** Clients without a trusted certificate are refused. */
    NEED
}
