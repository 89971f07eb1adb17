package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios behind a proxy, on epoll, level-triggered, with two loops. */
@Tag("slow")
class EpollLevelProxyTwoLoopsTest extends EpollLevelTwoLoopsTest implements ProxyScenarios {}
