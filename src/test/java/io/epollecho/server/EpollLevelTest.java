package io.epollecho.server;

import io.epollecho.epoll.EpollSelectorProvider;

/** The scenarios on epoll, level-triggered, with one loop. */
class EpollLevelTest extends ServerScenarios implements EpollScenarios {

    @Override
    public Transport transport() {
        return new Transport("epoll", EpollSelectorProvider.levelTriggered(), TriggerMode.LEVEL);
    }

    @Override
    public int eventLoops() {
        return 1;
    }
}
