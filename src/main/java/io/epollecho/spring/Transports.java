package io.epollecho.spring;

import io.epollecho.epoll.EpollSelectorProvider;
import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;
import io.epollecho.server.Transport;
import io.epollecho.server.TriggerMode;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;

/**
 * Chooses the transport: the one place where selector and trigger mode meet. What was asked for
 * explicitly is given or refused, never replaced by something else.
 */
final class Transports {

    private static final Logger log = LoggerFactory.getLogger(Transports.class);

    private static final String EPOLL = "epoll";

    private Transports() {}

    /**
     * The transport for what was asked.
     *
     * @param triggerMode none to take the selector's best: edge on epoll, level on the JDK's
     * @throws InvalidSettingException if it cannot be had
     */
    static Transport choose(SelectorType selector, @Nullable TriggerMode triggerMode) {
        return choose(selector, triggerMode, EpollSelectorProvider.unavailability());
    }

    static Transport choose(
            SelectorType selector,
            @Nullable TriggerMode triggerMode,
            Optional<String> epollUnavailable) {
        return switch (selector) {
            case JDK -> jdk(triggerMode);
            case EPOLL -> {
                if (epollUnavailable.isPresent()) {
                    throw new InvalidSettingException(
                            Setting.SELECTOR,
                            EPOLL,
                            epollUnavailable.get()
                                    + " Or choose auto or jdk, with trigger-mode level");
                }
                yield epoll(triggerMode);
            }
            case AUTO -> {
                if (epollUnavailable.isEmpty()) {
                    yield epoll(triggerMode);
                }
                if (triggerMode == TriggerMode.EDGE) {
                    throw new InvalidSettingException(
                            Setting.TRIGGER_MODE,
                            triggerMode.label(),
                            "only epoll has it. " + epollUnavailable.get() + " Or choose level");
                }
                log.info("Runs on the JDK's selector, level-triggered: {}", epollUnavailable.get());
                yield jdk(triggerMode);
            }
        };
    }

    private static Transport epoll(@Nullable TriggerMode triggerMode) {
        return triggerMode == TriggerMode.LEVEL
                ? new Transport(EPOLL, EpollSelectorProvider.levelTriggered(), TriggerMode.LEVEL)
                : new Transport(EPOLL, EpollSelectorProvider.edgeTriggered(), TriggerMode.EDGE);
    }

    private static Transport jdk(@Nullable TriggerMode triggerMode) {
        if (triggerMode == TriggerMode.EDGE) {
            throw new InvalidSettingException(
                    Setting.TRIGGER_MODE,
                    triggerMode.label(),
                    "the JDK's selector is level-triggered only: set trigger-mode to level, or"
                            + " selector to epoll");
        }
        return Transport.jdk();
    }
}
