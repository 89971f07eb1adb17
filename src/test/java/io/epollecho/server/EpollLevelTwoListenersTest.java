package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios on epoll, level-triggered, with one loop and two listeners. */
@Tag("slow")
class EpollLevelTwoListenersTest extends EpollLevelTest implements ListenerScenarios {

    @Override
    public int listeners() {
        return 2;
    }
}
