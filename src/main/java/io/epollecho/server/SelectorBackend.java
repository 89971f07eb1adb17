package io.epollecho.server;

import io.epollecho.epoll.EpollSelectorProvider;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.channels.spi.SelectorProvider;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The source of a server's selectors and channels. Immutable.
 *
 * <p>The server relies only on the contract of {@link TriggerMode#EDGE}: it reads until a channel
 * is known to be empty, or sets the key's interest again, which makes the selector check the
 * channel again. A level-triggered selector guarantees more than that.
 */
public final class SelectorBackend {

    private static final Logger log = LoggerFactory.getLogger(SelectorBackend.class);

    /**
     * True once the log has explained why epoll is not used. The reason is the same for all
     * servers.
     */
    private static final AtomicBoolean explained = new AtomicBoolean();

    private static final String EPOLL = "epoll";
    private static final String JDK = "jdk";

    /** The selectors that can be configured. */
    public enum Choice {
        /** epoll(7) where it is available, otherwise the JDK's selector. */
        AUTO,
        /** epoll(7); rejected where it is not available. */
        EPOLL,
        /** The JDK's selector, which is level-triggered. */
        JDK
    }

    private final String name;
    private final SelectorProvider provider;

    private SelectorBackend(String name, SelectorProvider provider) {
        this.name = Objects.requireNonNull(name, "name");
        this.provider = Objects.requireNonNull(provider, "provider");
    }

    /**
     * Returns a backend that uses the given provider.
     *
     * @param name a short name for logs, health and the endpoint
     * @param provider opens the selectors and the channels
     * @return the backend
     */
    public static SelectorBackend of(String name, SelectorProvider provider) {
        return new SelectorBackend(name, provider);
    }

    /**
     * Returns the backend that uses the JDK's selector, which exists on every platform.
     *
     * @return the backend named {@code jdk}
     */
    public static SelectorBackend jdk() {
        return of(JDK, SelectorProvider.provider());
    }

    /**
     * Returns the backend that uses epoll(7).
     *
     * @param triggerMode how the selector reports readiness
     * @return the backend named {@code epoll}
     * @throws UnsupportedOperationException if epoll is not available; the message gives the reason
     */
    public static SelectorBackend epoll(TriggerMode triggerMode) {
        return of(
                EPOLL,
                switch (triggerMode) {
                    case EDGE -> EpollSelectorProvider.edgeTriggered();
                    case LEVEL -> EpollSelectorProvider.levelTriggered();
                });
    }

    /**
     * Returns the backend for a choice. An explicit choice is either honored or rejected, never
     * replaced.
     *
     * @param choice the selector
     * @param triggerMode how the selector reports readiness; null for edge with epoll and level
     *     with the JDK's selector
     * @return the backend
     * @throws InvalidSettingException if the choice is not available
     */
    public static SelectorBackend choose(Choice choice, @Nullable TriggerMode triggerMode) {
        return choose(choice, triggerMode, EpollSelectorProvider.unavailability());
    }

    static SelectorBackend choose(
            Choice choice, @Nullable TriggerMode triggerMode, Optional<String> epollUnavailable) {
        return switch (choice) {
            case EPOLL -> {
                if (epollUnavailable.isPresent()) {
                    throw Setting.SELECTOR.invalid(
                            choice, "it must be jdk or auto here. " + epollUnavailable.get());
                }
                yield epoll(Objects.requireNonNullElse(triggerMode, TriggerMode.EDGE));
            }
            case JDK -> {
                if (triggerMode == TriggerMode.EDGE) {
                    throw Setting.TRIGGER_MODE.invalid(
                            triggerMode,
                            "it must be level, because the JDK's selector has no other mode. For"
                                    + " edge, set selector to epoll.");
                }
                yield jdk();
            }
            case AUTO -> {
                if (epollUnavailable.isEmpty()) {
                    yield epoll(Objects.requireNonNullElse(triggerMode, TriggerMode.EDGE));
                }
                if (triggerMode == TriggerMode.EDGE) {
                    throw Setting.TRIGGER_MODE.invalid(
                            triggerMode,
                            "it must be level here, because only epoll supports edge. "
                                    + epollUnavailable.get());
                }
                if (!explained.getAndSet(true)) {
                    log.info("Using the JDK's selector. {}", epollUnavailable.get());
                }
                yield jdk();
            }
        };
    }

    /**
     * Returns the name for logs, health and the endpoint.
     *
     * @return the name, such as {@code epoll}
     */
    public String name() {
        return name;
    }

    /**
     * Returns the provider that opens all selectors and channels.
     *
     * @return the provider
     */
    public SelectorProvider provider() {
        return provider;
    }

    /**
     * Returns the trigger mode of the provider's selectors.
     *
     * @return edge for the edge-triggered epoll provider; level for any other, as the contract of
     *     {@link java.nio.channels.Selector} requires
     */
    public TriggerMode triggerMode() {
        return provider instanceof EpollSelectorProvider epoll && epoll.isEdgeTriggered()
                ? TriggerMode.EDGE
                : TriggerMode.LEVEL;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SelectorBackend backend
                && backend.name.equals(name)
                && backend.provider.equals(provider);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, provider);
    }

    @Override
    public String toString() {
        return name + ", " + triggerMode().label() + "-triggered";
    }
}
