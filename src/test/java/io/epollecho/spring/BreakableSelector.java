package io.epollecho.spring;

import io.epollecho.server.FaultyProvider;
import io.epollecho.server.FaultyProvider.FaultySelector;
import io.epollecho.server.SelectorBackend;

import java.nio.channels.spi.SelectorProvider;

/**
 * The JDK's channels and selectors, with the ability to block and kill the event loops that use
 * them.
 */
public final class BreakableSelector {

    private final FaultyProvider provider = new FaultyProvider(SelectorProvider.provider());

    /** Returns the selector backend to configure. */
    public SelectorBackend selector() {
        return SelectorBackend.of("breakable", provider);
    }

    /** Kills all event loops with an unexpected exception. */
    public void breakLoops() {
        for (FaultySelector selector : provider.selectors()) {
            selector.breakDown(new IllegalStateException("broken"));
        }
    }

    /** Blocks all event loops until {@link #releaseLoops}. */
    public void holdLoops() throws InterruptedException {
        for (FaultySelector selector : provider.selectors()) {
            selector.hold();
        }
    }

    /** Releases the blocked event loops. */
    public void releaseLoops() {
        provider.selectors().forEach(FaultySelector::release);
    }
}
