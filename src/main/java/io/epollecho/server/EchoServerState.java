package io.epollecho.server;

/** The states of a server. */
public enum EchoServerState {
    /** Not started yet, or stopped: no socket is open, no thread runs. */
    STOPPED,
    /** Accepts connections and echoes. */
    RUNNING,
    /** Accepts no more connections and ends those that are open as they come to rest. */
    DRAINING,
    /** An event loop died; everything has been closed. The server can be started again. */
    FAILED
}
