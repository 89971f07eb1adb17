package io.epollecho.spring;

import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;
import io.epollecho.server.Transport;
import io.epollecho.server.TriggerMode;

import org.jspecify.annotations.Nullable;

/** Chooses the transport: the one place where selector and trigger mode meet. */
final class Transports {

    private Transports() {}

    /**
     * The transport for what was asked.
     *
     * @throws InvalidSettingException if selector and trigger mode exclude each other
     */
    static Transport choose(SelectorType selector, @Nullable TriggerMode triggerMode) {
        if (selector == SelectorType.EPOLL) {
            throw new InvalidSettingException(
                    Setting.SELECTOR,
                    "epoll",
                    "there is no epoll selector yet: choose auto or jdk");
        }
        if (triggerMode == TriggerMode.EDGE) {
            throw new InvalidSettingException(
                    Setting.TRIGGER_MODE,
                    "edge",
                    "the JDK's selector is level-triggered only: set trigger-mode to level, or"
                            + " selector to epoll");
        }
        return Transport.jdk();
    }
}
