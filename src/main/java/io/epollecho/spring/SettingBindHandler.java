package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.core.convert.ConversionException;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A bind handler that checks each property below {@code echo.server} when it is bound, while its
 * original text and origin are known, and finally checks that the properties do not contradict each
 * other. It ignores all other properties.
 */
final class SettingBindHandler extends AbstractBindHandler {

    private final Environment environment;
    private final Map<ConfigurationPropertyName, ConfigurationProperty> bound =
            new LinkedHashMap<>();

    SettingBindHandler(BindHandler parent, Environment environment) {
        super(parent);
        this.environment = environment;
    }

    @Override
    public @Nullable Object onSuccess(
            ConfigurationPropertyName name,
            Bindable<?> target,
            BindContext context,
            Object result) {
        Object value = super.onSuccess(name, target, context, result);
        Setting<?> setting = EchoServerPropertyNames.setting(name);
        ConfigurationProperty property = context.getConfigurationProperty();
        if (setting != null && property != null && value != null) {
            if (!name.isLastElementIndexed()) { // the range is that of the whole list
                check(setting, property, value);
            }
            bound.put(name, property);
        }
        if (value instanceof EchoServerProperties properties) {
            checkTogether(properties);
        }
        return value;
    }

    private static void check(Setting<?> setting, ConfigurationProperty property, Object value) {
        try {
            setting.check(value instanceof DataSize size ? (Object) size.toBytes() : value);
        } catch (InvalidSettingException e) {
            throw InvalidPropertyException.of(property, setting, e);
        }
    }

    private void checkTogether(EchoServerProperties properties) {
        try {
            properties.toConfig(EchoServerProperties.Engines.UNUSED).build();
            ShutdownPhase.of(environment).check(properties.shutdown(), bound.keySet());
        } catch (InvalidSettingException e) {
            throw asProperty(e);
        }
    }

    private InvalidPropertyException asProperty(InvalidSettingException e) {
        String name = EchoServerProperties.PREFIX + "." + e.key();
        for (ConfigurationProperty property : bound.values()) {
            if (EchoServerPropertyNames.withoutIndex(property.getName()).toString().equals(name)) {
                return InvalidPropertyException.of(
                        property, EchoServerPropertyNames.setting(property.getName()), e);
            }
            if (EchoServerPropertyNames.isOfListener(property.getName(), e.value())
                    && e.key().equals(EchoServerConfig.LISTENER_NAME)) {
                return InvalidPropertyException.ofListenerName(
                        e.value(), property, e.requirement());
            }
        }
        return InvalidPropertyException.ofDefault(name, e.value(), e.requirement());
    }

    /**
     * Accepts properties without a value as unset. Spring Boot would call them unknown, because
     * there is no value to bind.
     */
    @Override
    public void onFinish(
            ConfigurationPropertyName name,
            Bindable<?> target,
            BindContext context,
            @Nullable Object result)
            throws Exception {
        try {
            super.onFinish(name, target, context, result);
        } catch (UnboundConfigurationPropertiesException e) {
            Set<ConfigurationProperty> unknown =
                    e.getUnboundProperties().stream()
                            .filter(property -> !isUnset(property))
                            .collect(Collectors.toCollection(TreeSet::new));
            if (!unknown.isEmpty()) {
                throw new UnboundConfigurationPropertiesException(unknown);
            }
        }
    }

    private static boolean isUnset(ConfigurationProperty property) {
        ConfigurationPropertyName name = property.getName();
        return isEmpty(property)
                && (EchoServerPropertyNames.setting(name) != null
                        || EchoServerPropertyNames.isGroup(name));
    }

    private static boolean isEmpty(ConfigurationProperty property) {
        return property.getValue().toString().isBlank();
    }

    @Override
    public @Nullable Object onFailure(
            ConfigurationPropertyName name,
            Bindable<?> target,
            BindContext context,
            Exception error)
            throws Exception {
        if (error instanceof ConversionException
                && EchoServerPropertyNames.PREFIX.isAncestorOf(name)) {
            ConfigurationProperty property = find(name, context);
            Setting<?> setting = EchoServerPropertyNames.setting(name);
            if (property != null && isEmpty(property)) {
                return null; // unset
            }
            if (property != null) {
                throw new InvalidPropertyException(
                        property,
                        setting,
                        setting == null
                                ? "it is a group and has no value of its own"
                                : "it must be " + setting.allowed());
            }
        }
        return super.onFailure(name, target, context, error);
    }

    /**
     * Returns the property of a name. The context does not always have it: it is lost after the
     * context has tried the name as a group.
     */
    private static @Nullable ConfigurationProperty find(
            ConfigurationPropertyName name, BindContext context) {
        for (ConfigurationPropertySource source : context.getSources()) {
            ConfigurationProperty property = source.getConfigurationProperty(name);
            if (property != null) {
                return property;
            }
        }
        return null;
    }
}
