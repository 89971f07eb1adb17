package io.epollecho.server;

/** The scenarios on the JDK's selector with one loop and two listeners. */
class JdkLevelTwoListenersTest extends JdkLevelTest implements ListenerScenarios {

    @Override
    public int listeners() {
        return 2;
    }
}
