package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios on epoll, edge-triggered, with two loops and two listeners. */
@Tag("slow")
class EpollEdgeTwoListenersTest extends EpollEdgeTwoLoopsTest implements ListenerScenarios {

    @Override
    public int listeners() {
        return 2;
    }
}
