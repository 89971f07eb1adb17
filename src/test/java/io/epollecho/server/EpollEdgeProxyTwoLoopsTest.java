package io.epollecho.server;

/** The scenarios behind a proxy, on epoll, edge-triggered, with two loops. */
class EpollEdgeProxyTwoLoopsTest extends EpollEdgeTwoLoopsTest implements ProxyScenarios {}
