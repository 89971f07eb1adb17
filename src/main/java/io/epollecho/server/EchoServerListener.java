package io.epollecho.server;

/** Receives the changes of state of a server. */
@FunctionalInterface
public interface EchoServerListener {

    /** A listener that ignores everything. */
    EchoServerListener NONE = (server, state) -> {};

    /**
     * Receives a new state. Called on the thread that has caused it, which is an event loop's if
     * that dies, so it must return soon; an exception is logged and otherwise ignored.
     *
     * @param server the server
     * @param state the new state
     */
    void stateChanged(EchoServer server, EchoServerState state);

    /**
     * Receives that an event loop makes no progress, or that all of them do again. Called on the
     * watchdog's thread.
     *
     * @param server the server
     * @param stalled true if a loop is stuck
     */
    default void stallChanged(EchoServer server, boolean stalled) {}
}
