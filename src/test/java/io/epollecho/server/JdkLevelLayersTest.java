package io.epollecho.server;

/** The layer scenarios on the JDK's selector with one loop. */
class JdkLevelLayersTest extends LayerScenarios {

    @Override
    public SelectorBackend selector() {
        return SelectorBackend.jdk();
    }

    @Override
    public int eventLoops() {
        return 1;
    }
}
