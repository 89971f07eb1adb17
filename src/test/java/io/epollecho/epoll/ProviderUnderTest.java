package io.epollecho.epoll;

import java.nio.channels.spi.SelectorProvider;

/** The providers against which every contract is tested. */
enum ProviderUnderTest {
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
