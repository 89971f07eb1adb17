package io.epollecho.server;

/** The layer scenarios on epoll, level-triggered, with two loops. */
class EpollLevelLayersTwoLoopsTest extends EpollLevelLayersTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
