package io.epollecho.server;

/** The scenarios on epoll, edge-triggered, with two loops and two listeners. */
class EpollEdgeTwoListenersTest extends EpollEdgeTwoLoopsTest implements ListenerScenarios {

    @Override
    public int listeners() {
        return 2;
    }
}
