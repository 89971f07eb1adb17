package io.epollecho.server;

/** The scenarios over TLS, on epoll, edge-triggered, with two loops. */
class EpollEdgeTlsTwoLoopsTest extends EpollEdgeTwoLoopsTest implements EpollTlsScenarios {}
