package io.epollecho.server;

/** Is told of what happens to a server. */
@FunctionalInterface
public interface EchoServerListener {

    /** Takes no notice. */
    EchoServerListener NONE = (server, state) -> {};

    /**
     * The server has changed its state. Called on whatever thread brought that about, an event
     * loop's among them when it dies, so it must return soon; an exception is logged and otherwise
     * ignored.
     *
     * @param server the server
     * @param state what it is doing from now on
     */
    void stateChanged(EchoServer server, EchoServerState state);

    /**
     * An event loop makes no progress, or all of them do again. Called on the watchdog's thread.
     *
     * @param server the server
     * @param stalled whether a loop is stuck
     */
    default void stallChanged(EchoServer server, boolean stalled) {}
}
