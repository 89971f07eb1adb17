package io.epollecho.spring;

import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;

import java.util.stream.Collectors;

/**
 * Explains that there is no property of a name below {@code echo.server}. Goes before Spring Boot's
 * own analyzers, which do not know which there are.
 */
final class UnknownPropertyFailureAnalyzer
        extends AbstractFailureAnalyzer<UnboundConfigurationPropertiesException>
        implements Ordered {

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    protected @Nullable FailureAnalysis analyze(
            Throwable rootFailure, UnboundConfigurationPropertiesException cause) {
        ConfigurationProperty property = cause.getUnboundProperties().iterator().next();
        if (!EchoServerPropertyNames.PREFIX.isAncestorOf(property.getName())) {
            return null;
        }
        String known =
                EchoServerPropertyNames.settings().stream()
                        .map(Setting::key)
                        .collect(Collectors.joining(", "));
        return new FailureAnalysis(
                "There is no property %s, which is %s%s."
                        .formatted(
                                property.getName(),
                                property.getValue(),
                                property.getOrigin() == null
                                        ? ""
                                        : " (" + property.getOrigin() + ")"),
                "Correct its name or remove it. Below %s there are: %s."
                        .formatted(EchoServerPropertyNames.PREFIX, known),
                cause);
    }
}
