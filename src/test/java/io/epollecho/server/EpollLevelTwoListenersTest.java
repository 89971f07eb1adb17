package io.epollecho.server;

/** The scenarios on epoll, level-triggered, with one loop and two listeners. */
class EpollLevelTwoListenersTest extends EpollLevelTest implements ListenerScenarios {

    @Override
    public int listeners() {
        return 2;
    }
}
