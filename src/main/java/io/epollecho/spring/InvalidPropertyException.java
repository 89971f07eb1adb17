package io.epollecho.spring;

import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.origin.Origin;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

/** Thrown during binding if the value of a property is invalid. */
final class InvalidPropertyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Spring Boot reads a number alone as milliseconds. */
    private static final Pattern WITHOUT_UNIT = Pattern.compile("[-+]?\\d+");

    private static final Pattern ISO_8601 = Pattern.compile("[-+]?[Pp].*");

    private final String remedy;

    private InvalidPropertyException(
            String subject, String value, String source, String requirement, String remedy) {
        super(
                String.format(
                        Locale.ROOT,
                        "%s is %s%s: %s%s",
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
                remedy("Correct the value", setting));
    }

    /** Returns an exception for a value that is written somewhere and was refused. */
    static InvalidPropertyException of(
            ConfigurationProperty property,
            @Nullable Setting<?> setting,
            InvalidSettingException refusal) {
        String written = String.valueOf(property.getValue());
        String requirement = refusal.requirement();
        String correction = "Correct the value";
        if (setting != null && setting.isDuration()) {
            if (ISO_8601.matcher(written).matches()) {
                written = refusal.value();
            } else if (WITHOUT_UNIT.matcher(written).matches() && !refusal.value().equals("0")) {
                requirement =
                        String.format(
                                Locale.ROOT,
                                "without a unit it is read as %s, but %s",
                                refusal.value(),
                                requirement);
                long number = Long.parseLong(written);
                if (!allows(setting, Duration.ofMillis(number))
                        && allows(setting, Duration.ofSeconds(number))) {
                    correction = String.format(Locale.ROOT, "Write %ss for seconds", written);
                }
            }
        }
        return new InvalidPropertyException(
                "The property " + property.getName(),
                written,
                origin(property),
                requirement,
                remedy(correction, setting));
    }

    private static boolean allows(Setting<?> setting, Object value) {
        try {
            setting.check(value);
            return true;
        } catch (InvalidSettingException e) {
            return false;
        }
    }

    private static String remedy(String correction, @Nullable Setting<?> setting) {
        return setting == null || setting.defaultText() == null
                ? correction + ", or remove the property."
                : String.format(
                        Locale.ROOT,
                        "%s, or remove the property for the default, %s.",
                        correction,
                        setting.defaultText());
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

    /** Returns where a property is set, in parentheses; empty if that is unknown. */
    static String origin(ConfigurationProperty property) {
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
