package io.epollecho.server;

/** The scenarios over TLS on the JDK's selector with two loops. */
class JdkLevelTlsTwoLoopsTest extends JdkLevelTwoLoopsTest implements TlsScenarios {}
