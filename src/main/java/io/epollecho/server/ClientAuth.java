package io.epollecho.server;

/** Whether a TLS listener asks its clients for a certificate. */
public enum ClientAuth {
    /** Clients are not asked. */
    NONE,
    /** Clients are asked and may decline; a certificate that they send must be trusted. */
    WANT,
    /** Clients without a trusted certificate are refused. */
    NEED
}
