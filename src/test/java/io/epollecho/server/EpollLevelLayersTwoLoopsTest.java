package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The layer scenarios on epoll, level-triggered, with two loops. */
@Tag("slow")
class EpollLevelLayersTwoLoopsTest extends EpollLevelLayersTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
