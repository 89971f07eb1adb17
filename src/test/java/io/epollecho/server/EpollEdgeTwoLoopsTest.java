package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios on epoll, edge-triggered, with two loops. */
@Tag("slow")
class EpollEdgeTwoLoopsTest extends EpollEdgeTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
