package io.epollecho.server;

/** The scenarios of the layers on epoll, edge-triggered, with two loops. */
class EpollEdgeLayersTwoLoopsTest extends EpollEdgeLayersTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
