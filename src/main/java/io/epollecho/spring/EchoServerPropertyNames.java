package io.epollecho.spring;

import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

import java.util.List;
import java.util.stream.Stream;

/** The names of the properties {@code echo.server.*}, and the setting that each stands for. */
final class EchoServerPropertyNames {

    static final ConfigurationPropertyName PREFIX =
            ConfigurationPropertyName.of(EchoServerProperties.PREFIX);

    /** The properties of further listeners are below this and the listener's name. */
    static final ConfigurationPropertyName LISTENERS = PREFIX.append("listeners");

    static final Setting<Boolean> ENABLED =
            Setting.flag("enabled", EchoServerProperties.ENABLED_BY_DEFAULT);

    private EchoServerPropertyNames() {}

    /** Returns all settings that there are properties for. */
    static List<Setting<?>> settings() {
        return Stream.concat(Stream.of(ENABLED), Setting.all().stream()).toList();
    }

    /** Returns whether a property belongs to the listener of this name. */
    static boolean isOfListener(ConfigurationPropertyName property, String listener) {
        return LISTENERS.isAncestorOf(property)
                && property.getElement(LISTENERS.getNumberOfElements(), Form.ORIGINAL)
                        .equals(listener);
    }

    /** Returns the setting that a property stands for; null if it is a group or does not exist. */
    static @Nullable Setting<?> setting(ConfigurationPropertyName property) {
        int listenerDepth = LISTENERS.getNumberOfElements() + 1;
        boolean ofListener =
                LISTENERS.isAncestorOf(property) && property.getNumberOfElements() > listenerDepth;
        ConfigurationPropertyName group = ofListener ? property.chop(listenerDepth) : PREFIX;
        return (ofListener ? Setting.ofListeners() : settings())
                .stream()
                        .filter(setting -> group.append(setting.key()).equals(property))
                        .findFirst()
                        .orElse(null);
    }
}
