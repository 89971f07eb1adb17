package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios on epoll, level-triggered, with two loops. */
@Tag("slow")
class EpollLevelTwoLoopsTest extends EpollLevelTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
