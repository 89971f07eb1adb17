package io.epollecho.server;

/** The layer scenarios on epoll, level-triggered, with one loop. */
class EpollLevelLayersTest extends LayerScenarios {

    @Override
    public SelectorBackend selector() {
        return SelectorBackend.epoll(TriggerMode.LEVEL);
    }

    @Override
    public int eventLoops() {
        return 1;
    }
}
