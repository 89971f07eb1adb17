package io.epollecho.server;

import java.nio.channels.spi.SelectorProvider;
import java.util.Objects;

/**
 * Where a server's selectors and channels come from, and how those selectors report readiness.
 *
 * <p>The server is written to the contract of {@link TriggerMode#EDGE}: it reads until a channel is
 * known to be empty or sets the key's interest again, which has to make the selector look at the
 * channel afresh. A selector that triggers on levels gives more than that.
 *
 * @param name a short name for logs, health and metrics, such as {@code jdk}
 * @param provider opens the selectors and the channels, all of them
 * @param triggerMode what the provider's selectors do
 */
public record Transport(String name, SelectorProvider provider, TriggerMode triggerMode) {

    /**
     * Checks the combination.
     *
     * @throws InvalidSettingException if edge-triggered selectors are expected of the JDK's own
     *     provider, which never sets EPOLLET
     */
    public Transport {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(provider, "provider");
        Objects.requireNonNull(triggerMode, "triggerMode");
        boolean partOfTheJdk =
                provider.getClass().getModule() == SelectorProvider.class.getModule();
        if (partOfTheJdk && triggerMode == TriggerMode.EDGE) {
            throw new InvalidSettingException(
                    Setting.TRIGGER_MODE,
                    "edge",
                    "the JDK's selector is level-triggered only: choose level, or a selector that"
                            + " can trigger on edges");
        }
    }

    /**
     * The JDK's own selector, level-triggered; it is there on every platform.
     *
     * @return the transport named {@code jdk}
     */
    public static Transport jdk() {
        return new Transport("jdk", SelectorProvider.provider(), TriggerMode.LEVEL);
    }
}
