package io.epollecho.server;

/** The scenarios behind a proxy, on epoll, edge-triggered, with one loop. */
class EpollEdgeProxyTest extends EpollEdgeTest implements ProxyScenarios {}
