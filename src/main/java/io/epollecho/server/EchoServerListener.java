package io.epollecho.server;

/** A listener for the state changes of a server. */
@FunctionalInterface
public interface EchoServerListener {

    /** A listener that ignores all events. */
    EchoServerListener NONE = (server, state) -> {};

    /**
     * Handles a state change. Called on the thread that caused it, which is the event loop's thread
     * if the loop dies, so this method must return quickly. Exceptions are logged and otherwise
     * ignored.
     *
     * @param server the server
     * @param state the new state
     */
    void stateChanged(EchoServer server, EchoServerState state);

    /**
     * Handles the event that a loop makes no progress, or that all loops make progress again.
     * Called on the watchdog's thread.
     *
     * @param server the server
     * @param stalled true if a loop is stuck
     */
    default void stallChanged(EchoServer server, boolean stalled) {}
}
