package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios behind a proxy, on epoll, edge-triggered, with one loop. */
@Tag("slow")
class EpollEdgeProxyTest extends EpollEdgeTest implements ProxyScenarios {}
