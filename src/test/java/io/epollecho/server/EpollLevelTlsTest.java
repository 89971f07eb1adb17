package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios over TLS, on epoll, level-triggered, with one loop. */
@Tag("slow")
class EpollLevelTlsTest extends EpollLevelTest implements EpollTlsScenarios {}
