package io.epollecho.server;

/** The scenarios behind a proxy, on epoll, level-triggered, with two loops. */
class EpollLevelProxyTwoLoopsTest extends EpollLevelTwoLoopsTest implements ProxyScenarios {}
