package io.epollecho.server;

/** The scenarios on the JDK's selector with two loops. */
class JdkLevelTwoLoopsTest extends JdkLevelTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
