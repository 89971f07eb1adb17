package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The layer scenarios on epoll, edge-triggered, with one loop. */
@Tag("slow")
class EpollEdgeLayersTest extends LayerScenarios {

    @Override
    public SelectorBackend selector() {
        return SelectorBackend.epoll(TriggerMode.EDGE);
    }

    @Override
    public int eventLoops() {
        return 1;
    }

    @Override
    public int halfCloses() {
        return 500;
    }

    @Override
    public int handshakesAtOnce() {
        return 2_000;
    }
}
