package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios on the JDK's selector with two loops. */
@Tag("slow")
class JdkLevelTwoLoopsTest extends JdkLevelTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
