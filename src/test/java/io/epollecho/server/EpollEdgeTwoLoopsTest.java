package io.epollecho.server;

/** The scenarios on epoll, edge-triggered, with two loops. */
class EpollEdgeTwoLoopsTest extends EpollEdgeTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
