package io.epollecho.server;

/**
 * The settings of a server: how each is called, and what it may be. This is the one place that says
 * so; errors, whoever reports them, quote it.
 */
public enum Setting {
    /** Address to listen on. */
    ADDRESS("address", "an IP address of this machine, or none to listen on all of them"),
    /** Port to listen on. */
    PORT("port", "0 to 65535, where 0 takes any free port"),
    /** Length of the queue of connections that wait to be accepted. */
    BACKLOG("backlog", "1 to 1048576"),
    /** Which selector to run on. */
    SELECTOR("selector", "auto, epoll or jdk"),
    /** How the selector reports readiness. */
    TRIGGER_MODE("trigger-mode", "edge or level; edge needs the epoll selector"),
    /** Number of event loops. */
    EVENT_LOOPS("event-loops", "1 to 256"),
    /** Size of a loop's read buffer. */
    READ_BUFFER_SIZE("read-buffer-size", "1KB to 16MB"),
    /** Bytes one connection may echo before the others have their turn. */
    READ_BUDGET("read-budget", "read-buffer-size to 1GB"),
    /** The SO_RCVBUF of each connection. */
    RECEIVE_BUFFER("socket.receive-buffer", "1KB to 1GB, or unset to let the kernel tune it"),
    /** The SO_SNDBUF of each connection. */
    SEND_BUFFER("socket.send-buffer", "1KB to 1GB, or unset to let the kernel tune it"),
    /** The TCP_NODELAY of each connection. */
    NO_DELAY("socket.no-delay", "true or false"),
    /** The SO_KEEPALIVE of each connection. */
    KEEP_ALIVE("socket.keep-alive", "true or false"),
    /** Connections open at once. */
    MAX_CONNECTIONS("connections.max", "1 to 10000000"),
    /** Connections open at once from one address. */
    MAX_CONNECTIONS_PER_ADDRESS(
            "connections.max-per-address", "0 to connections.max, where 0 sets no limit"),
    /** How long a connection may be silent. */
    IDLE_TIMEOUT(
            "connections.idle-timeout", "10ms to 365d, or 0 to never close an idle connection"),
    /** How long a peer may take nothing of what waits for it. */
    WRITE_TIMEOUT(
            "connections.write-timeout", "10ms to 365d, or 0 to wait for a stalled peer for ever"),
    /** How long a drain may last. */
    DRAIN_TIMEOUT("shutdown.drain-timeout", "0 to 1d, where 0 cuts connections at once");

    private final String key;
    private final String allowed;

    Setting(String key, String allowed) {
        this.key = key;
        this.allowed = allowed;
    }

    /**
     * Its name in configuration files, below the prefix that a host gives to all of them.
     *
     * @return such as {@code connections.max}
     */
    public String key() {
        return key;
    }

    /**
     * What its value may be.
     *
     * @return a phrase for an error message
     */
    public String allowed() {
        return allowed;
    }

    void require(boolean valid, Object value) {
        if (!valid) {
            throw new InvalidSettingException(this, value, "allowed is " + allowed);
        }
    }
}
