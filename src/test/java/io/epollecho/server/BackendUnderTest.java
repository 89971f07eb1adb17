package io.epollecho.server;

import io.epollecho.epoll.EpollSelectorProvider;

/** The selectors that the server runs on, for tests that go through them one after the other. */
enum BackendUnderTest {
    JDK_LEVEL(Transport.jdk()),
    EPOLL_LEVEL(new Transport("epoll", EpollSelectorProvider.levelTriggered(), TriggerMode.LEVEL)),
    EPOLL_EDGE(new Transport("epoll", EpollSelectorProvider.edgeTriggered(), TriggerMode.EDGE));

    private final Transport transport;

    BackendUnderTest(Transport transport) {
        this.transport = transport;
    }

    Transport transport() {
        return transport;
    }
}
