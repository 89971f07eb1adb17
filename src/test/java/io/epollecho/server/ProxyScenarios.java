package io.epollecho.server;

/** The scenarios behind a proxy that sends a header for each connection. */
interface ProxyScenarios extends Backend {

    @Override
    default Transport transport() {
        return Transport.PROXY;
    }
}
