package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;

import org.springframework.core.env.Environment;

import java.time.Duration;

/**
 * The time that Spring gives to each phase of a shutdown. A drain has to fit into it, with a margin
 * for its last connections to linger: after that Spring goes on, and the process may exit in the
 * middle of an echo.
 *
 * @param timeout how long a phase may take
 */
record ShutdownPhase(Duration timeout) {

    private static final String TIMEOUT_PROPERTY = "spring.lifecycle.timeout-per-shutdown-phase";
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration MARGIN = Duration.ofSeconds(2);
    private static final Duration DEFAULT_DRAIN =
            Duration.ofSeconds(EchoServerConfig.DEFAULT_DRAIN_TIMEOUT_SECONDS);

    static ShutdownPhase of(Environment environment) {
        return new ShutdownPhase(
                environment.getProperty(TIMEOUT_PROPERTY, Duration.class, DEFAULT_TIMEOUT));
    }

    /**
     * The drain timeout to use. The default gives way to a host that shuts down faster; a value
     * that somebody chose does not, as one of the two would not be kept.
     *
     * @throws InvalidSettingException if the two contradict each other
     */
    Duration fit(Duration drainTimeout) {
        Duration available = timeout.minus(MARGIN);
        if (drainTimeout.compareTo(available) <= 0) {
            return drainTimeout;
        }
        if (drainTimeout.equals(DEFAULT_DRAIN)) {
            return available.isNegative() ? Duration.ZERO : available;
        }
        throw new InvalidSettingException(
                Setting.DRAIN_TIMEOUT,
                drainTimeout,
                "%s is %s and has to be at least %d seconds longer: lower the one or raise the other"
                        .formatted(TIMEOUT_PROPERTY, timeout, MARGIN.toSeconds()));
    }
}
