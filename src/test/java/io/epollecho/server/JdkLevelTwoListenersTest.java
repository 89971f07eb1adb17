package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The scenarios on the JDK's selector with one loop and two listeners. */
@Tag("slow")
class JdkLevelTwoListenersTest extends JdkLevelTest implements ListenerScenarios {

    @Override
    public int listeners() {
        return 2;
    }
}
