package io.epollecho.server;

/** The states of a server. */
public enum EchoServerState {
    /** Not started yet, or stopped. No socket is open, and no thread runs. */
    STOPPED,
    /** Accepts connections and echoes. */
    RUNNING,
    /** Accepts no more connections and ends the open ones as they come to rest. */
    DRAINING,
    /**
     * An event loop died, and all connections and sockets were closed. The server can be started
     * again.
     */
    FAILED
}
