package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios over TLS on the JDK's selector with two loops. */
@Tag("slow")
class JdkLevelTlsTwoLoopsTest extends JdkLevelTwoLoopsTest implements TlsScenarios {}
