package io.epollecho.server;

/** What a server is doing. */
public enum EchoServerState {
    /** Not started yet, or stopped: no socket is open, no thread runs. */
    STOPPED,
    /** Accepts connections and echoes. */
    RUNNING,
    /** Accepts no connections any more and lets those that are open come to an end. */
    DRAINING,
    /** An event loop died; everything has been closed. The server can be started again. */
    FAILED
}
