package io.epollecho.server;

/** The scenarios on epoll, edge-triggered, with one loop. */
class EpollEdgeTest extends ServerScenarios implements EpollScenarios {

    @Override
    public SelectorBackend selector() {
        return SelectorBackend.epoll(TriggerMode.EDGE);
    }

    @Override
    public int eventLoops() {
        return 1;
    }
}
