package io.epollecho.stream;

import io.epollecho.epoll.EpollSelectorProvider;

import java.nio.channels.spi.SelectorProvider;

/** The kinds of sockets and selectors with which a stream must work. */
enum Sockets {
    JDK,
    EPOLL_LEVEL,
    EPOLL_EDGE;

    SelectorProvider provider() {
        return switch (this) {
            case JDK -> SelectorProvider.provider();
            case EPOLL_LEVEL -> EpollSelectorProvider.levelTriggered();
            case EPOLL_EDGE -> EpollSelectorProvider.edgeTriggered();
        };
    }
}
