package io.epollecho.spring;

import io.epollecho.server.FaultyProvider;
import io.epollecho.server.FaultyProvider.FaultySelector;
import io.epollecho.server.SelectorBackend;

import java.nio.channels.spi.SelectorProvider;

/**
 * The JDK's channels and selectors, but event loops that wait on them can be held up and killed.
 */
public final class BreakableSelector {

    private final FaultyProvider provider = new FaultyProvider(SelectorProvider.provider());

    /** What a server has to run on to be breakable by this. */
    public SelectorBackend selector() {
        return SelectorBackend.of("breakable", provider);
    }

    /** Makes all event loops die of an unexpected exception. */
    public void breakLoops() {
        for (FaultySelector selector : provider.selectors()) {
            selector.breakDown(new IllegalStateException("broken"));
        }
    }

    /** Keeps all event loops where they are until {@link #releaseLoops}. */
    public void holdLoops() throws InterruptedException {
        for (FaultySelector selector : provider.selectors()) {
            selector.hold();
        }
    }

    /** Lets the event loops that are held go on. */
    public void releaseLoops() {
        provider.selectors().forEach(FaultySelector::release);
    }
}
