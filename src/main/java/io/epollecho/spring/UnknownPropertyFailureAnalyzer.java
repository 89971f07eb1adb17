package io.epollecho.spring;

import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;

import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Failure analyzer for an unknown property below {@code echo.server}. It runs before Spring Boot's
 * own analyzers, which do not know the valid names.
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
        String name = property.getName().toString();
        String origin = InvalidPropertyException.origin(property);
        if (property.getName().isNumericIndex(property.getName().getNumberOfElements() - 1)
                && EchoServerPropertyNames.setting(property.getName()) != null) {
            String scalar = property.getName().getParent().toString();
            return new FailureAnalysis(
                    String.format(
                            Locale.ROOT,
                            "The property %s is a list%s: it must be one value.",
                            scalar,
                            origin),
                    String.format(
                            Locale.ROOT,
                            "Write it without an index, such as %s=%s.",
                            scalar,
                            property.getValue()),
                    cause);
        }
        return new FailureAnalysis(
                String.format(Locale.ROOT, "There is no property %s%s.", name, origin),
                EchoServerPropertyNames.nearest(name)
                        .map(nearest -> "Rename it if you mean " + nearest + ", or remove it.")
                        .orElseGet(UnknownPropertyFailureAnalyzer::known),
                cause);
    }

    private static String known() {
        return EchoServerPropertyNames.settings().stream()
                .map(Setting::key)
                .collect(
                        Collectors.joining(
                                ", ",
                                "Correct its name, or remove it. Below "
                                        + EchoServerProperties.PREFIX
                                        + " there are: ",
                                ", and listeners."));
    }
}
