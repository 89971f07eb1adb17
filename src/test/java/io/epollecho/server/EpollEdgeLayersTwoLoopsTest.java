package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The layer scenarios on epoll, edge-triggered, with two loops. */
@Tag("slow")
class EpollEdgeLayersTwoLoopsTest extends EpollEdgeLayersTest {

    @Override
    public int eventLoops() {
        return 2;
    }

    @Override
    public int handshakesAtOnce() {
        return 500;
    }

    @Override
    public int halfCloses() {
        return 5;
    }
}
