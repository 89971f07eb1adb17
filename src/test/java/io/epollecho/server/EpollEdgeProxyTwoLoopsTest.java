package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios behind a proxy, on epoll, edge-triggered, with two loops. */
@Tag("slow")
class EpollEdgeProxyTwoLoopsTest extends EpollEdgeTwoLoopsTest implements ProxyScenarios {}
