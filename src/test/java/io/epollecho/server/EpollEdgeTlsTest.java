package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios over TLS, on epoll, edge-triggered, with one loop. */
@Tag("slow")
class EpollEdgeTlsTest extends EpollEdgeTest implements EpollTlsScenarios {}
