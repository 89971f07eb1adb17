package io.epollecho.server;

/** Why a connection was closed right after it was accepted, without a byte echoed. */
public enum RejectReason {
    /** As many connections as allowed were open. */
    LIMIT("limit"),
    /** As many connections as allowed were open from the peer's address. */
    ADDRESS_LIMIT("address-limit"),
    /** It could not be set up: its options refused, or the loop meant for it gone. */
    ERROR("error");

    private final String label;

    RejectReason(String label) {
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
