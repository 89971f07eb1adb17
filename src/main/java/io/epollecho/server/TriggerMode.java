package io.epollecho.server;

/**
 * The condition under which a selector reports a channel as ready.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/epoll.7.html">epoll(7)</a>, "Level-triggered
 *     and edge-triggered"
 */
public enum TriggerMode {
    /** As long as the channel can be read, written or accepted from. */
    LEVEL("level"),

    /** Once for each new event (EPOLLET). Data left unread is not reported again. */
    EDGE("edge");

    private final String label;

    TriggerMode(String label) {
        this.label = label;
    }

    /**
     * Returns the name in configuration, logs and endpoints.
     *
     * @return the name in lower case
     */
    public String label() {
        return label;
    }
}
