package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios over TLS, on epoll, edge-triggered, with two loops. */
@Tag("slow")
class EpollEdgeTlsTwoLoopsTest extends EpollEdgeTwoLoopsTest implements EpollTlsScenarios {}
