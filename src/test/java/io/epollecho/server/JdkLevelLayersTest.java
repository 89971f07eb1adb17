package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The layer scenarios on the JDK's selector with one loop. */
@Tag("slow")
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
