package io.epollecho.server;

/** The use of the PROXY protocol on a listener. */
public enum ProxyProtocolMode {
    /** Connections have no PROXY header; everything that a peer sends is echoed. */
    OFF,
    /** Each connection must begin with a PROXY header; otherwise it is closed. */
    REQUIRED
}
