package io.epollecho.server;

/**
 * The reason why a connection was closed. Every accepted connection is closed for exactly one
 * reason.
 */
public enum CloseReason {
    /** The peer ended its stream, and the complete echo was sent. */
    PEER("peer"),
    /** The connection was lost: reset by the peer, timed out or unreachable. */
    RESET("reset"),
    /** No bytes moved for the idle timeout. */
    IDLE("idle"),
    /** The peer accepted none of its pending bytes for the write timeout. */
    WRITE_STALL("write-stall"),
    /**
     * What all peers make the server keep reached its limit, and this connection was among those
     * stalled the longest.
     */
    PENDING_LIMIT("pending-limit"),
    /** The limit on open connections from the address in the PROXY header was reached. */
    ADDRESS_LIMIT("address-limit"),
    /** No valid PROXY header arrived from a trusted peer in time. */
    PROXY_HEADER("proxy-header"),
    /** The TLS handshake failed or was ended by the peer. */
    HANDSHAKE_FAILED("handshake-failed"),
    /** The TLS handshake was not completed in time. */
    HANDSHAKE_TIMEOUT("handshake-timeout"),
    /** After the handshake, the peer sent a record or message that is invalid or not allowed. */
    TLS_ERROR("tls-error"),
    /** The peer's stream ended without a TLS close_notify, so bytes may be missing. */
    TRUNCATED("truncated"),
    /** The server was draining, and the connection was at rest. */
    DRAIN("drain"),
    /** The server was draining or stopping, and the connection was still busy at the deadline. */
    DRAIN_TIMEOUT("drain-timeout"),
    /** The server failed while serving the connection. */
    ERROR("error");

    private final String label;

    CloseReason(String label) {
        this.label = label;
    }

    /** Returns whether the connection ends with a TLS alert, if there is one to send. */
    boolean endsWithAlert() {
        return this == HANDSHAKE_FAILED || this == TLS_ERROR;
    }

    /** Returns whether the peer was refused, which is logged for operators. */
    boolean isRefusal() {
        return this == PROXY_HEADER || endsWithAlert();
    }

    /**
     * Returns whether the connection ends with a FIN. Otherwise it ends with a reset, which shows
     * the peer that the echo is incomplete.
     */
    boolean isOrderly() {
        return this != RESET && this != ERROR && this != PROXY_HEADER && this != PENDING_LIMIT;
    }

    /**
     * Returns the name in metrics and endpoints.
     *
     * @return lower case, with dashes
     */
    public String label() {
        return label;
    }
}
