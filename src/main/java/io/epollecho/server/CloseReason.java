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

    /**
     * Returns the name in metrics and endpoints.
     *
     * @return lower case, with dashes
     */
    public String label() {
        return label;
    }
}
