package io.epollecho.spring;

import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.origin.Origin;

/** Thrown during binding if the value of a property is invalid. */
final class InvalidPropertyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String remedy;

    private InvalidPropertyException(
            String subject, String value, String source, String requirement, String remedy) {
        super(
                "%s is %s%s: %s%s"
                        .formatted(
                                subject,
                                quote(value),
                                source,
                                requirement,
                                requirement.endsWith(".") ? "" : "."));
        this.remedy = remedy;
    }

    /**
     * Creates an exception for a value that was set explicitly.
     *
     * @param requirement the allowed values, as a clause such as "it must be 1 to 256"
     */
    InvalidPropertyException(
            ConfigurationProperty property, @Nullable Setting<?> setting, String requirement) {
        this(
                "The property " + property.getName(),
                String.valueOf(property.getValue()),
                origin(property),
                requirement,
                setting == null || setting.defaultText() == null
                        ? "Correct the value, or remove the property."
                        : "Correct the value, or remove the property for the default, %s."
                                .formatted(setting.defaultText()));
    }

    /** Returns an exception for a default value that conflicts with other properties. */
    static InvalidPropertyException ofDefault(String name, String value, String requirement) {
        return new InvalidPropertyException(
                "The property " + name,
                value,
                " by default",
                requirement,
                "Set the property to an allowed value, or correct the other property.");
    }

    /** Returns an exception for an invalid listener name in the name of a property. */
    static InvalidPropertyException ofListenerName(
            String name, ConfigurationProperty property, String requirement) {
        return new InvalidPropertyException(
                "The name of a listener", name, origin(property), requirement, "Correct the name.");
    }

    private static String origin(ConfigurationProperty property) {
        Origin origin = property.getOrigin();
        return origin == null ? "" : " (" + origin + ")";
    }

    private static String quote(String value) {
        return value.isEmpty() || value.chars().anyMatch(Character::isWhitespace)
                ? "'" + value + "'"
                : value;
    }

    String remedy() {
        return remedy;
    }
}
