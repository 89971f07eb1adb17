package io.epollecho.server;

/** The scenarios over TLS, on epoll, level-triggered, with one loop. */
class EpollLevelTlsTest extends EpollLevelTest implements EpollTlsScenarios {}
