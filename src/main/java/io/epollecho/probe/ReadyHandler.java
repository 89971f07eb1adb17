package io.epollecho.probe;

/** The attachment of a selection key. */
interface ReadyHandler {

    /** Called when the channel is ready. */
    void ready();
}
