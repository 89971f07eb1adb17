package io.epollecho.server;

/**
 * Why a connection was closed. Each connection that was accepted is closed for exactly one of
 * these.
 */
public enum CloseReason {
    /** The peer ended its stream and has been sent the whole echo. */
    PEER("peer"),
    /** The connection broke: reset by the peer, timed out, unreachable. */
    RESET("reset"),
    /** Nothing came for the idle timeout. */
    IDLE("idle"),
    /** The peer took none of its pending bytes for the write timeout. */
    WRITE_STALL("write-stall"),
    /**
     * The pending bytes of all connections reached their limit, and this one was stalled longest.
     */
    PENDING_LIMIT("pending-limit"),
    /**
     * The limit of open connections from the address in the PROXY protocol's header was reached.
     */
    ADDRESS_LIMIT("address-limit"),
    /**
     * The connection did not begin with a valid header of the PROXY protocol from a trusted peer in
     * time.
     */
    PROXY_HEADER("proxy-header"),
    /** The TLS handshake failed, or the peer ended it. */
    HANDSHAKE_FAILED("handshake-failed"),
    /** The TLS handshake was not complete in time. */
    HANDSHAKE_TIMEOUT("handshake-timeout"),
    /** The peer sent an invalid record after the handshake, or one that is refused. */
    TLS_ERROR("tls-error"),
    /** The peer's stream ended without the close_notify of TLS: bytes may be missing. */
    TRUNCATED("truncated"),
    /** The server drained, and the connection had come to rest. */
    DRAIN("drain"),
    /** The server drained or stopped, and the connection was still busy at the deadline. */
    DRAIN_TIMEOUT("drain-timeout"),
    /** The server itself failed on it. */
    ERROR("error");

    private final String label;

    CloseReason(String label) {
        this.label = label;
    }

    /** Returns whether the connection ends with an alert, if the layers have one to send. */
    boolean endsWithAlert() {
        return this == HANDSHAKE_FAILED || this == TLS_ERROR;
    }

    /** Returns whether the peer has done something that an operator wants to see in the log. */
    boolean isRefusal() {
        return this == PROXY_HEADER || endsWithAlert();
    }

    /**
     * Returns whether the connection ends by a FIN. A reset shows the peer that this is not the end
     * of the echo.
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
