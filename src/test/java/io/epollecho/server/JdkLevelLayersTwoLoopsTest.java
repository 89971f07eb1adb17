package io.epollecho.server;

/** The layer scenarios on the JDK's selector with two loops. */
class JdkLevelLayersTwoLoopsTest extends JdkLevelLayersTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
