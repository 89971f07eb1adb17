package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The layer scenarios on epoll, level-triggered, with one loop. */
@Tag("slow")
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
