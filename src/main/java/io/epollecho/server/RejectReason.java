package io.epollecho.server;

/** The reason why a connection was closed right after accept, before any byte was echoed. */
public enum RejectReason {
    /** The limit on open connections was reached. */
    LIMIT("limit"),
    /** The limit on open connections from the peer's address was reached. */
    ADDRESS_LIMIT("address-limit"),
    /** The connection could not be set up: a socket option failed or its event loop had ended. */
    ERROR("error");

    private final String label;

    RejectReason(String label) {
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
