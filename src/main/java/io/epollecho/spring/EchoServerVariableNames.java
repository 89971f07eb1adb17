package io.epollecho.spring;

import io.epollecho.server.Setting;

import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The names of the environment variables of the properties {@code echo.server.*}. As in Spring
 * Boot, upper and lower case are the same, and the elements of a list have numbers.
 */
final class EchoServerVariableNames {

    static final String PREFIX = "ECHO_SERVER_";

    private static final String LISTENERS = "LISTENERS_";

    private static final Pattern LISTENER = Pattern.compile("(?i:LISTENERS_[A-Z][A-Z0-9]*_)(.+)");

    private static final Pattern ELEMENT = Pattern.compile("(.+)_\\d+");

    private EchoServerVariableNames() {}

    /** Returns whether a variable is that of a property. */
    static boolean isKnown(String variable) {
        return variable.toUpperCase(Locale.ROOT).startsWith(PREFIX)
                && isKnownKey(variable.substring(PREFIX.length()));
    }

    private static boolean isKnownKey(String key) {
        Matcher listener = LISTENER.matcher(key);
        return listener.matches()
                ? matches(EchoServerPropertyNames.ofListeners(), listener.group(1))
                : matches(EchoServerPropertyNames.settings(), key);
    }

    private static boolean matches(List<Setting<?>> settings, String key) {
        Matcher element = ELEMENT.matcher(key);
        return settings.stream()
                .anyMatch(
                        setting ->
                                isSpelling(setting, key)
                                        || (setting == Setting.PROXY_PROTOCOL_TRUSTED
                                                && element.matches()
                                                && isSpelling(setting, element.group(1))));
    }

    /**
     * Returns whether Spring Boot recognizes a spelling; underscores for dashes, upper case only.
     */
    private static boolean isSpelling(Setting<?> setting, String key) {
        return withoutDashes(setting).equalsIgnoreCase(key) || withUnderscores(setting).equals(key);
    }

    private static String withoutDashes(Setting<?> setting) {
        return upper(setting).replace("-", "");
    }

    private static String withUnderscores(Setting<?> setting) {
        return upper(setting).replace('-', '_');
    }

    private static String upper(Setting<?> setting) {
        return setting.key().toUpperCase(Locale.ROOT).replace('.', '_');
    }

    /** Returns the spellings of a key, such as {@code NODELAY} and {@code NO_DELAY}. */
    private static Stream<String> spellings(Setting<?> setting) {
        return Stream.of(withoutDashes(setting), withUnderscores(setting)).distinct();
    }

    /**
     * Returns the variables of an environment that look like those of properties and are none,
     * except those that Kubernetes sets.
     */
    static List<String> unknown(ConfigurableEnvironment environment) {
        PropertySource<?> variables =
                environment
                        .getPropertySources()
                        .get(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        return variables == null || !(variables.getSource() instanceof Map<?, ?> values)
                ? List.of()
                : values.entrySet().stream()
                        .filter(entry -> isUnknown(entry.getKey().toString(), entry.getValue()))
                        .map(entry -> entry.getKey().toString())
                        .sorted()
                        .toList();
    }

    private static boolean isUnknown(String variable, Object value) {
        return !isKnown(variable)
                && !EchoServerVariables.isServiceLink(variable, Objects.toString(value))
                && (variable.toUpperCase(Locale.ROOT).startsWith(PREFIX)
                        || isMisspelledPrefix(variable.toUpperCase(Locale.ROOT)));
    }

    /** Returns whether only the prefix of a property's variable is misspelled. */
    private static boolean isMisspelledPrefix(String name) {
        for (int length = PREFIX.length() - 1; length <= PREFIX.length() + 1; length++) {
            if (name.length() > length
                    && Nearest.distance(name.substring(0, length), PREFIX) <= 1
                    && isKnownKey(name.substring(length))) {
                return true;
            }
        }
        return false;
    }

    /** Returns what to do about an unknown variable. */
    static String remedy(String variable) {
        return nearest(variable.toUpperCase(Locale.ROOT))
                .map(name -> "Rename it if you mean " + name + ", or unset it.")
                .orElse(
                        "Rename it to the variable of a property, such as ECHO_SERVER_PORT, or"
                                + " unset it.");
    }

    /** Returns the most similar variable, comparing names without the common prefix. */
    private static Optional<String> nearest(String variable) {
        if (!variable.startsWith(PREFIX)) {
            return Nearest.to(variable, candidates("").map(PREFIX::concat).toList());
        }
        String key = variable.substring(PREFIX.length());
        return Nearest.to(key, candidates(key).toList()).map(PREFIX::concat);
    }

    private static Stream<String> candidates(String key) {
        var candidates = new ArrayList<String>();
        EchoServerPropertyNames.settings()
                .forEach(setting -> spellings(setting).forEach(candidates::add));
        if (key.startsWith(LISTENERS) && key.lastIndexOf('_') > LISTENERS.length()) {
            // In a variable, the underscore separates names; a listener's name cannot contain it.
            String name = key.substring(LISTENERS.length(), key.lastIndexOf('_')).replace("_", "");
            EchoServerPropertyNames.ofListeners()
                    .forEach(
                            setting ->
                                    spellings(setting)
                                            .map(spelling -> LISTENERS + name + "_" + spelling)
                                            .forEach(candidates::add));
        }
        return candidates.stream();
    }
}
