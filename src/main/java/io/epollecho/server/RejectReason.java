package io.epollecho.server;

/** Why a connection was closed right after it was accepted, without a byte echoed. */
public enum RejectReason {
    /** The limit of open connections was reached. */
    LIMIT("limit"),
    /** The limit of open connections from the peer's address was reached. */
    ADDRESS_LIMIT("address-limit"),
    /** It could not be set up: an option was refused, or its loop had ended. */
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
