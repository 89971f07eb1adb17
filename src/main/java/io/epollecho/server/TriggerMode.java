package io.epollecho.server;

/**
 * When a selector reports a channel as ready.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/epoll.7.html">epoll(7)</a>, "Level-triggered
 *     and edge-triggered"
 */
public enum TriggerMode {
    /** As long as there is something to read, accept or write. */
    LEVEL("level"),

    /** Once for each arrival (EPOLLET); what was left unread then is not reported a second time. */
    EDGE("edge");

    private final String label;

    TriggerMode(String label) {
        this.label = label;
    }

    /**
     * The name in configuration, logs and endpoints.
     *
     * @return lower case
     */
    public String label() {
        return label;
    }
}
