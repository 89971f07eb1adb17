package io.epollecho.server;

/** The scenarios on the JDK's selector with two loops, between which connections are dealt out. */
class JdkLevelTwoLoopsTest extends JdkLevelTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
