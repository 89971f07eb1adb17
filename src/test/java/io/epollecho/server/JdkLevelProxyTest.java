package io.epollecho.server;

/** The scenarios behind a proxy on the JDK's selector with one loop. */
class JdkLevelProxyTest extends JdkLevelTest implements ProxyScenarios {}
