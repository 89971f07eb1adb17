package io.epollecho.server;

/** The scenarios of the layers on epoll, level-triggered, with two loops. */
class EpollLevelLayersTwoLoopsTest extends EpollLevelLayersTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
