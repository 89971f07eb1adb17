package io.epollecho.spring;

import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.Environment;

import java.time.Duration;
import java.util.Collection;
import java.util.Locale;

/**
 * The time that Spring allows for each phase of a shutdown. The drain, plus a margin for closing,
 * must fit into it; otherwise Spring continues, and the process may exit in the middle of an echo.
 *
 * @param timeout the maximum duration of a phase
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

    /** Returns the drain timeout, shortened if necessary to fit into the phase. */
    Duration fit(Duration drainTimeout) {
        return drainTimeout.compareTo(available()) <= 0 ? drainTimeout : available();
    }

    /**
     * Checks a drain timeout that was set explicitly. The default is shortened instead, but an
     * explicit value must not be shortened silently.
     *
     * @throws InvalidSettingException if the timeout does not fit into the phase
     */
    void check(
            EchoServerProperties.Shutdown shutdown, Collection<ConfigurationPropertyName> chosen) {
        String key = Setting.DRAIN_TIMEOUT.key();
        if (chosen.contains(EchoServerPropertyNames.PREFIX.append(key))
                && shutdown.drainTimeout().compareTo(available()) > 0) {
            throw new InvalidSettingException(
                    key,
                    Setting.DRAIN_TIMEOUT.format(shutdown.drainTimeout()),
                    String.format(
                            Locale.ROOT,
                            "it must be at least %d seconds less than %s, which is %s",
                            MARGIN.toSeconds(),
                            TIMEOUT_PROPERTY,
                            Setting.DRAIN_TIMEOUT.format(timeout)));
        }
    }

    private Duration available() {
        Duration available = timeout.minus(MARGIN);
        return available.isNegative() ? Duration.ZERO : available;
    }
}
