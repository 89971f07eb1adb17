package io.epollecho.server;

/** The scenarios over TLS, on epoll, edge-triggered, with one loop. */
class EpollEdgeTlsTest extends EpollEdgeTest implements EpollTlsScenarios {}
