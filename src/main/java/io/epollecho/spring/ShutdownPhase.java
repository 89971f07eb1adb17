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

    /** Sets the timeouts to what the properties say, or to what is left of the phase. */
    void apply(EchoServerProperties.Shutdown shutdown, EchoServerConfig.Builder config) {
        Duration linger = atMost(timeout.minus(MARGIN), shutdown.lingerTimeout());
        config.lingerTimeout(linger);
        config.drainTimeout(atMost(timeout.minus(MARGIN).minus(linger), shutdown.drainTimeout()));
    }

    private static Duration atMost(Duration available, Duration timeout) {
        if (available.isNegative()) {
            return Duration.ZERO;
        }
        return timeout.compareTo(available) <= 0 ? timeout : available;
    }

    /**
     * Checks the timeouts that somebody chose.
     *
     * @param chosen tests whether a setting is a choice and not the default
     * @throws InvalidSettingException for the first that does not fit
     */
    void check(EchoServerProperties.Shutdown shutdown, Predicate<Setting<?>> chosen) {
        EchoServerConfig.Builder config = EchoServerConfig.builder();
        apply(shutdown, config);
        EchoServerConfig fitted = config.build();
        if (chosen.test(Setting.LINGER_TIMEOUT)) {
            require(Setting.LINGER_TIMEOUT, shutdown.lingerTimeout(), fitted.lingerTimeout(), "");
        }
        if (chosen.test(Setting.DRAIN_TIMEOUT)) {
            String linger =
                    "%s (%s) and "
                            .formatted(
                                    Setting.LINGER_TIMEOUT.key(),
                                    Setting.LINGER_TIMEOUT.format(fitted.lingerTimeout()));
            require(Setting.DRAIN_TIMEOUT, shutdown.drainTimeout(), fitted.drainTimeout(), linger);
        }
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
