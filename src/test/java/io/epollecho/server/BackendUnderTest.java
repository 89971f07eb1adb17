package io.epollecho.server;

import io.epollecho.epoll.EpollSelectorProvider;

import java.net.InetAddress;

/** The selectors that the server runs on, for tests that go through them one after the other. */
enum BackendUnderTest {
    JDK_LEVEL,
    EPOLL_LEVEL,
    EPOLL_EDGE;

    Transport transport() {
        return switch (this) {
            case JDK_LEVEL -> Transport.jdk();
            case EPOLL_LEVEL ->
                    new Transport(
                            "epoll", EpollSelectorProvider.levelTriggered(), TriggerMode.LEVEL);
            case EPOLL_EDGE ->
                    new Transport("epoll", EpollSelectorProvider.edgeTriggered(), TriggerMode.EDGE);
        };
    }

    /** Its settings, on a free port of the loopback address. */
    EchoServerConfig.Builder settings() {
        return EchoServerConfig.builder()
                .transport(transport())
                .address(InetAddress.getLoopbackAddress())
                .port(0);
    }

    EchoServer start() {
        return EchoServer.start(settings().build());
    }
}
