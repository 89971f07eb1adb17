package io.epollecho.spring;

import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;

/** Thrown while properties are bound, for a value that is not allowed. */
final class InvalidPropertyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final @Nullable String defaultText;

    /**
     * Creates an exception for a value that was written somewhere.
     *
     * @param requirement the values that are allowed, as a clause such as "it must be 1 to 256"
     */
    InvalidPropertyException(
            ConfigurationProperty property, @Nullable Setting<?> setting, String requirement) {
        super(
                "The property %s is %s%s: %s"
                        .formatted(
                                property.getName(),
                                quote(String.valueOf(property.getValue())),
                                property.getOrigin() == null
                                        ? ""
                                        : " (" + property.getOrigin() + ")",
                                sentence(requirement)));
        this.defaultText = setting == null ? null : setting.defaultText();
    }

    /** Creates an exception for a property that was not set and whose default is not allowed. */
    InvalidPropertyException(String name, String value, String requirement) {
        super("The property %s is %s by default: %s".formatted(name, value, sentence(requirement)));
        this.defaultText = null;
    }

    private static String quote(String value) {
        return value.isEmpty() || value.chars().anyMatch(Character::isWhitespace)
                ? "'" + value + "'"
                : value;
    }

    private static String sentence(String clause) {
        return clause.endsWith(".") ? clause : clause + ".";
    }

    /** The default of the property, null if it has none or has it already. */
    @Nullable String defaultText() {
        return defaultText;
    }
}
