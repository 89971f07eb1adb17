package io.epollecho.spring;

import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

import java.time.Duration;

/**
 * The time that Spring gives to each phase of a shutdown. A drain has to fit into it, with a margin
 * for its last connections to linger: after that Spring goes on, and the process may exit in the
 * middle of an echo.
 *
 * @param timeout how long a phase may take
 * @param drainTimeoutChosen whether somebody set a drain timeout, be it the same as the default
 */
record ShutdownPhase(Duration timeout, boolean drainTimeoutChosen) {

    private static final String TIMEOUT_PROPERTY = "spring.lifecycle.timeout-per-shutdown-phase";
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration MARGIN = Duration.ofSeconds(2);

    static ShutdownPhase of(Environment environment) {
        Binder binder = Binder.get(environment);
        String drainTimeout = InvalidSettingFailureAnalyzer.property(Setting.DRAIN_TIMEOUT.key());
        return new ShutdownPhase(
                binder.bind(TIMEOUT_PROPERTY, Duration.class).orElse(DEFAULT_TIMEOUT),
                binder.bind(drainTimeout, String.class).isBound());
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
        if (!drainTimeoutChosen) {
            return available.isNegative() ? Duration.ZERO : available;
        }
        throw new InvalidSettingException(
                Setting.DRAIN_TIMEOUT.key(),
                drainTimeout.toString(),
                "%s is %s and must be at least %d seconds longer"
                        .formatted(TIMEOUT_PROPERTY, timeout, MARGIN.toSeconds()));
    }
}
