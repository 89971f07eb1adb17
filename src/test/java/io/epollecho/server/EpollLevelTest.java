package io.epollecho.server;

/** The scenarios on epoll, level-triggered, with one loop. */
class EpollLevelTest extends ServerScenarios implements EpollScenarios {

    @Override
    public SelectorBackend selector() {
        return SelectorBackend.epoll(TriggerMode.LEVEL);
    }

    @Override
    public int eventLoops() {
        return 1;
    }
}
