package io.epollecho.server;

/** The scenarios on the JDK's selector with one loop. */
class JdkLevelTest extends ServerScenarios {

    @Override
    public SelectorBackend selector() {
        return SelectorBackend.jdk();
    }

    @Override
    public int eventLoops() {
        return 1;
    }
}
