package io.epollecho.server;

/** Whether the connections of a listener begin with a header of the PROXY protocol. */
public enum ProxyProtocolMode {
    /** No header: whatever a peer sends is echoed. */
    OFF,
    /** Each connection begins with a header, or is closed. */
    REQUIRED
}
