package io.epollecho.server;

import io.epollecho.Build;

import java.net.InetAddress;
import java.util.List;

/** The selectors that the server supports. Each setup and many other tests run on all of them. */
enum Backend {
    JDK_LEVEL(SelectorBackend.jdk()),
    EPOLL_LEVEL(SelectorBackend.epoll(TriggerMode.LEVEL)),
    EPOLL_EDGE(SelectorBackend.epoll(TriggerMode.EDGE));

    @SuppressWarnings("ImmutableEnumChecker") // its provider has no state
    private final SelectorBackend selector;

    Backend(SelectorBackend selector) {
        this.selector = selector;
    }

    /**
     * Returns the backends for tests that hardly depend on them and take long: all in the full
     * build, otherwise the main one.
     */
    static List<Backend> representatives() {
        return Build.isThorough() ? List.of(values()) : List.of(Setup.MAIN.backend());
    }

    SelectorBackend selector() {
        return selector;
    }

    /** Returns the settings of this backend, with a free port on the loopback address. */
    EchoServerConfig.Builder settings() {
        return EchoServerConfig.builder()
                .selector(selector)
                .address(InetAddress.getLoopbackAddress())
                .port(0);
    }

    EchoServer start() {
        return EchoServer.start(settings().build());
    }
}
