package io.epollecho.spring;

import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The names of the properties {@code echo.server.*}, and the settings they correspond to. */
public final class EchoServerPropertyNames {

    static final ConfigurationPropertyName PREFIX =
            ConfigurationPropertyName.of(EchoServerProperties.PREFIX);

    /** The prefix of the properties of additional listeners, followed by the listener's name. */
    static final ConfigurationPropertyName LISTENERS = PREFIX.append("listeners");

    static final Setting<Boolean> ENABLED =
            Setting.flag("enabled", EchoServerProperties.ENABLED_BY_DEFAULT);

    static final Setting<String> SSL_BUNDLE =
            Setting.text(
                    "ssl.bundle",
                    "the name of an SSL bundle below spring.ssl.bundle, or unset to disable TLS");

    /** The prefix without its dot, as in {@code echo-server.port}. */
    private static final String NAMESPACE = "echoserver";

    private static final int LISTENER_DEPTH = LISTENERS.getNumberOfElements() + 1;

    private EchoServerPropertyNames() {}

    /**
     * Returns all settings that have a property.
     *
     * @return an unmodifiable list
     */
    public static List<Setting<?>> settings() {
        return Stream.concat(Stream.of(ENABLED), withBundle(Setting.all()).stream()).toList();
    }

    /** Returns the settings that have a property for each additional listener. */
    static List<Setting<?>> ofListeners() {
        return withBundle(Setting.ofListeners());
    }

    private static List<Setting<?>> withBundle(List<Setting<?>> settings) {
        var all = new ArrayList<>(settings);
        all.add(all.indexOf(Setting.CLIENT_AUTH), SSL_BUNDLE);
        return all;
    }

    /**
     * Returns whether a property of this name exists.
     *
     * @param name a name in any form that Spring Boot understands, such as {@code
     *     echo.server.read-buffer-size} or {@code echo.server.readBufferSize}
     * @return true for a property; false for a group of properties or an unknown name
     */
    public static boolean isKnown(String name) {
        return setting(ConfigurationPropertyName.adapt(name, '.')) != null;
    }

    /**
     * Returns whether a name looks like one of these properties, tolerating one typing error in its
     * namespace, such as {@code ehco.server.port}, {@code echo.port} or {@code echo-server.port}.
     *
     * @param name a name
     * @return false for properties of other namespaces
     */
    static boolean isLike(ConfigurationPropertyName name) {
        if (name.getNumberOfElements() < 2) {
            return false;
        }
        String first = name.getElement(0, Form.UNIFORM);
        return Nearest.distance(first, PREFIX.getElement(0, Form.UNIFORM)) <= 1
                || Nearest.distance(first, NAMESPACE) <= 1;
    }

    /**
     * Returns the property that was probably meant by an unknown name.
     *
     * @param name an unknown name, with or without the prefix
     * @return the name of the most similar property; empty if none is similar
     */
    public static Optional<String> nearest(String name) {
        return nearest(name, List.of());
    }

    /**
     * Returns the property that was probably meant by an unknown name.
     *
     * @param name an unknown name, with or without the prefix
     * @param others the names of other properties, of which one may be meant, too
     * @return the name of the most similar property; empty if none is similar
     */
    public static Optional<String> nearest(String name, Collection<String> others) {
        ConfigurationPropertyName property = ConfigurationPropertyName.adapt(name, '.');
        if (LISTENERS.isAncestorOf(property) && property.getNumberOfElements() > LISTENER_DEPTH) {
            String group = property.chop(LISTENER_DEPTH).toString();
            return Nearest.to(
                    name,
                    ofListeners().stream().map(setting -> group + "." + setting.key()).toList());
        }
        Optional<String> other = Nearest.to(name, others);
        if (other.isPresent() && isTypo(name, other.get())) {
            return other;
        }
        String key = name.replaceFirst("^(echo\\.(server\\.)?|echo-?server\\.)", "");
        Map<String, String> names = spellings();
        return Nearest.to(key, names.keySet())
                .or(() -> Nearest.to(name, names.keySet()).filter(full -> isTypo(name, full)))
                .map(names::get);
    }

    private static boolean isTypo(String name, String meant) {
        return Nearest.distance(name, meant) <= 2;
    }

    /** Returns the full names by key, by the last part of the key, and by the full name itself. */
    private static Map<String, String> spellings() {
        var names = new LinkedHashMap<String, String>();
        for (Setting<?> setting : settings()) {
            String name = EchoServerProperties.PREFIX + "." + setting.key();
            names.put(setting.key(), name);
            names.put(name, name);
        }
        for (Setting<?> setting : settings()) {
            String key = setting.key();
            names.putIfAbsent(
                    key.substring(key.lastIndexOf('.') + 1),
                    EchoServerProperties.PREFIX + "." + key);
        }
        return names;
    }

    /** Returns whether the property belongs to the listener of this name. */
    static boolean isOfListener(ConfigurationPropertyName property, String listener) {
        return LISTENERS.isAncestorOf(property)
                && property.getElement(LISTENERS.getNumberOfElements(), Form.ORIGINAL)
                        .equals(listener);
    }

    /** Returns the setting of a property; null if it is a group or does not exist. */
    static @Nullable Setting<?> setting(ConfigurationPropertyName property) {
        boolean ofListener =
                LISTENERS.isAncestorOf(property) && property.getNumberOfElements() > LISTENER_DEPTH;
        ConfigurationPropertyName group = ofListener ? property.chop(LISTENER_DEPTH) : PREFIX;
        ConfigurationPropertyName whole = withoutIndex(property);
        return (ofListener ? ofListeners() : settings())
                .stream()
                        .filter(setting -> group.append(setting.key()).equals(whole))
                        .findFirst()
                        .orElse(null);
    }

    /** Returns whether a name is that of a group of properties, such as {@code echo.server.ssl}. */
    static boolean isGroup(ConfigurationPropertyName name) {
        if (name.equals(PREFIX) || name.equals(LISTENERS)) {
            return true;
        }
        boolean ofListener =
                LISTENERS.isAncestorOf(name) && name.getNumberOfElements() > LISTENER_DEPTH;
        ConfigurationPropertyName group = ofListener ? name.chop(LISTENER_DEPTH) : PREFIX;
        return (ofListener ? ofListeners() : settings())
                .stream().anyMatch(setting -> name.isAncestorOf(group.append(setting.key())));
    }

    /** Returns the name of the list if the property is an element of one, or else its name. */
    static ConfigurationPropertyName withoutIndex(ConfigurationPropertyName property) {
        return property.isLastElementIndexed() ? property.getParent() : property;
    }
}
