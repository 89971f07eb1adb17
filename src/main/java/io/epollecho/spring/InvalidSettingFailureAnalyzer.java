package io.epollecho.spring;

import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.env.Environment;

/**
 * A setting is out of its range or contradicts another: says which, what it is, and what it may be.
 */
final class InvalidSettingFailureAnalyzer extends AbstractFailureAnalyzer<InvalidSettingException> {

    private final Environment environment;

    InvalidSettingFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, InvalidSettingException cause) {
        String property = property(cause.setting());
        return new FailureAnalysis(
                "The property %s has the value '%s', which it cannot have."
                        .formatted(property, asWritten(property, cause.value())),
                "Change %s: %s.".formatted(property, cause.remedy()),
                cause);
    }

    /**
     * The value in the words of the configuration file, rather than as a number of bytes or
     * nanoseconds.
     */
    private String asWritten(String property, String value) {
        @Nullable String written = environment.getProperty(property);
        return written == null ? value : written;
    }

    static String property(Setting setting) {
        return EchoServerProperties.PREFIX + "." + setting.key();
    }
}
