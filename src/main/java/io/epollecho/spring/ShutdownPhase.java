package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

import java.time.Duration;
import java.util.function.Predicate;

/**
 * The time that Spring gives to each phase of a shutdown. The drain has to fit into it, with the
 * time to linger after it and a margin: when the phase is over Spring goes on, and the process may
 * exit in the middle of an echo.
 *
 * <p>A default gives way to a host that shuts down faster, the drain timeout first. A value that
 * somebody chose does not, as it would not be kept.
 *
 * @param timeout the time that a phase may take
 */
record ShutdownPhase(Duration timeout) {

    private static final String TIMEOUT_PROPERTY = "spring.lifecycle.timeout-per-shutdown-phase";
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration MARGIN = Duration.ofSeconds(2);

    static ShutdownPhase of(Environment environment) {
        return new ShutdownPhase(
                Binder.get(environment)
                        .bind(TIMEOUT_PROPERTY, Duration.class)
                        .orElse(DEFAULT_TIMEOUT));
    }

    /** Sets the timeouts to what the properties say, or to what the phase leaves for them. */
    void apply(EchoServerProperties.Shutdown shutdown, EchoServerConfig.Builder config) {
        config.lingerTimeout(atMost(availableToLinger(), shutdown.lingerTimeout()))
                .drainTimeout(atMost(availableToDrain(shutdown), shutdown.drainTimeout()));
    }

    /**
     * Checks the timeouts that somebody chose.
     *
     * @param chosen tests whether a setting is a choice and not the default
     * @throws InvalidSettingException for the first that does not fit
     */
    void check(EchoServerProperties.Shutdown shutdown, Predicate<Setting<?>> chosen) {
        if (chosen.test(Setting.LINGER_TIMEOUT)) {
            require(Setting.LINGER_TIMEOUT, shutdown.lingerTimeout(), availableToLinger(), "");
        }
        if (chosen.test(Setting.DRAIN_TIMEOUT)) {
            Duration linger = atMost(availableToLinger(), shutdown.lingerTimeout());
            require(
                    Setting.DRAIN_TIMEOUT,
                    shutdown.drainTimeout(),
                    availableToDrain(shutdown),
                    "%s (%s) and "
                            .formatted(
                                    Setting.LINGER_TIMEOUT.key(),
                                    Setting.LINGER_TIMEOUT.format(linger)));
        }
    }

    private Duration availableToLinger() {
        return atLeastZero(timeout.minus(MARGIN));
    }

    private Duration availableToDrain(EchoServerProperties.Shutdown shutdown) {
        return atLeastZero(availableToLinger().minus(shutdown.lingerTimeout()));
    }

    private static Duration atLeastZero(Duration time) {
        return time.isNegative() ? Duration.ZERO : time;
    }

    private static Duration atMost(Duration available, Duration time) {
        return time.compareTo(available) <= 0 ? time : available;
    }

    private void require(
            Setting<Duration> setting, Duration value, Duration available, String others) {
        if (value.compareTo(available) > 0) {
            throw new InvalidSettingException(
                    setting.key(),
                    setting.format(value),
                    "it must be at most %s, so that with %s%s of margin it fits into %s (%s)"
                            .formatted(
                                    setting.format(available),
                                    others,
                                    setting.format(MARGIN),
                                    TIMEOUT_PROPERTY,
                                    setting.format(timeout)));
        }
    }
}
