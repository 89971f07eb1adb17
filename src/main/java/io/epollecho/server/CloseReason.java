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
    /** The peer took nothing of what waits for it for the write timeout. */
    WRITE_STALL("write-stall"),
    /** The server drained, and the connection had come to rest. */
    DRAIN("drain"),
    /** The server drained or stopped, and the connection was still busy when the time was over. */
    DRAIN_TIMEOUT("drain-timeout"),
    /** The server itself failed on it. */
    ERROR("error");

    private final String label;

    CloseReason(String label) {
        this.label = label;
    }

    /**
     * The name in metrics and endpoints.
     *
     * @return lower case, with dashes
     */
    public String label() {
        return label;
    }
}
