package io.epollecho.server;

import io.epollecho.epoll.EpollSelectorProvider;

/** The scenarios on epoll, edge-triggered, with one loop. */
class EpollEdgeTest extends ServerScenarios implements EpollScenarios {

    @Override
    public Transport transport() {
        return new Transport("epoll", EpollSelectorProvider.edgeTriggered(), TriggerMode.EDGE);
    }

    @Override
    public int eventLoops() {
        return 1;
    }
}
