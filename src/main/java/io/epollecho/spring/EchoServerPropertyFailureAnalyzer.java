package io.epollecho.spring;

import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;

import java.util.stream.Collectors;

/**
 * A property under {@code echo.server} is of the wrong type or does not exist: says which, and what
 * there is. Goes before Spring Boot's own analyzers, which do not know what is allowed.
 */
final class EchoServerPropertyFailureAnalyzer extends AbstractFailureAnalyzer<BindException>
        implements Ordered {

    private static final ConfigurationPropertyName PREFIX =
            ConfigurationPropertyName.of(EchoServerProperties.PREFIX);

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
        if (!PREFIX.equals(cause.getName()) && !PREFIX.isAncestorOf(cause.getName())) {
            return null;
        }
        var unbound = findCause(cause, UnboundConfigurationPropertiesException.class);
        if (unbound != null) {
            return unknown(unbound.getUnboundProperties().iterator().next(), cause);
        }
        ConfigurationProperty property = mostSpecific(cause);
        return property == null ? null : wrongType(property, cause);
    }

    /** Each level of nested properties wraps the exception of the one below. */
    private static @Nullable ConfigurationProperty mostSpecific(BindException cause) {
        ConfigurationProperty property = null;
        for (Throwable e = cause; e != null; e = e.getCause()) {
            if (e instanceof BindException bind && bind.getProperty() != null) {
                property = bind.getProperty();
            }
        }
        return property;
    }

    private static FailureAnalysis unknown(ConfigurationProperty property, BindException cause) {
        String known = Setting.all().stream().map(Setting::key).collect(Collectors.joining(", "));
        return new FailureAnalysis(
                "There is no property %s, which has the value '%s'%s."
                        .formatted(property.getName(), property.getValue(), origin(property)),
                "Correct its name or remove it. Under %s there are: enabled, %s."
                        .formatted(PREFIX, known),
                cause);
    }

    private static FailureAnalysis wrongType(ConfigurationProperty property, BindException cause) {
        return new FailureAnalysis(
                "The property %s has the value '%s'%s, which it cannot have."
                        .formatted(property.getName(), property.getValue(), origin(property)),
                "Change %s: allowed is %s."
                        .formatted(property.getName(), allowed(property.getName())),
                cause);
    }

    private static String allowed(ConfigurationPropertyName name) {
        return Setting.all().stream()
                .filter(setting -> PREFIX.append(setting.key()).equals(name))
                .map(Setting::allowed)
                .findFirst()
                .orElse("true or false"); // "enabled" is no setting of the server's
    }

    private static String origin(ConfigurationProperty property) {
        return property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")";
    }
}
