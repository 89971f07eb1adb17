package io.epollecho.server;

import java.net.InetAddress;

/** The selectors that the server supports, for parameterized tests. */
enum BackendUnderTest {
    JDK_LEVEL,
    EPOLL_LEVEL,
    EPOLL_EDGE;

    SelectorBackend selector() {
        return switch (this) {
            case JDK_LEVEL -> SelectorBackend.jdk();
            case EPOLL_LEVEL -> SelectorBackend.epoll(TriggerMode.LEVEL);
            case EPOLL_EDGE -> SelectorBackend.epoll(TriggerMode.EDGE);
        };
    }

    /** Returns the settings of this backend, with a free port on the loopback address. */
    EchoServerConfig.Builder settings() {
        return EchoServerConfig.builder()
                .selector(selector())
                .address(InetAddress.getLoopbackAddress())
                .port(0);
    }

    EchoServer start() {
        return EchoServer.start(settings().build());
    }
}
