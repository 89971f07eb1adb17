package io.epollecho.spring;

import io.epollecho.server.InvalidSettingException;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.convert.ConversionException;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

import java.time.Duration;

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
        String property = property(cause.key());
        return new FailureAnalysis(
                "The property %s has the value '%s': %s."
                        .formatted(
                                property, asWritten(property, cause.value()), cause.requirement()),
                "Change %s.".formatted(property),
                cause);
    }

    /**
     * The value in the words of the configuration file, rather than as a number of bytes or
     * nanoseconds; unless a customizer has set another one.
     */
    private String asWritten(String property, String value) {
        @Nullable String written = environment.getProperty(property);
        return written != null && gives(written.strip(), value) ? written : value;
    }

    private static boolean gives(String written, String value) {
        if (written.equalsIgnoreCase(value)) {
            return true;
        }
        String size = converted(written, DataSize.class);
        return value.equals(converted(written, Duration.class))
                || value.equals(size)
                || (value + "B").equals(size);
    }

    /** The text of what a text stands for; none if it stands for nothing of this type. */
    private static @Nullable String converted(String written, Class<?> type) {
        try {
            return String.valueOf(
                    ApplicationConversionService.getSharedInstance().convert(written, type));
        } catch (ConversionException e) {
            return null;
        }
    }

    static String property(String key) {
        return EchoServerProperties.PREFIX + "." + key;
    }
}
