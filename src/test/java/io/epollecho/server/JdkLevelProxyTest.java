package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios behind a proxy on the JDK's selector with one loop. */
@Tag("slow")
class JdkLevelProxyTest extends JdkLevelTest implements ProxyScenarios {}
