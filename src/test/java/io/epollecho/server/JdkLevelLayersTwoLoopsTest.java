package io.epollecho.server;

import org.junit.jupiter.api.Tag;

/** The layer scenarios on the JDK's selector with two loops. */
@Tag("slow")
class JdkLevelLayersTwoLoopsTest extends JdkLevelLayersTest {

    @Override
    public int eventLoops() {
        return 2;
    }
}
