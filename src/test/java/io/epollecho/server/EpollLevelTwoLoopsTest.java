package io.epollecho.server;

/** The scenarios on epoll, level-triggered, with two loops. */
class EpollLevelTwoLoopsTest extends EpollLevelTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
