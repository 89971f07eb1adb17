package io.epollecho.spring;

import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Checks each property below {@code echo.server} where it is bound, while it is known how it was
 * written and where; and when all are bound, that they do not contradict each other. Properties of
 * others pass through.
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
            check(setting, property, value);
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
            throw new InvalidPropertyException(property, setting, e.requirement());
        }
    }

    private void checkTogether(EchoServerProperties properties) {
        try {
            properties.toConfig().build();
            ShutdownPhase.of(environment).check(properties.shutdown(), bound.keySet());
        } catch (InvalidSettingException e) {
            ConfigurationPropertyName name = EchoServerPropertyNames.PREFIX.append(e.key());
            ConfigurationProperty property = bound.get(name);
            throw property == null
                    ? new InvalidPropertyException(name.toString(), e.value(), e.requirement())
                    : new InvalidPropertyException(
                            property, EchoServerPropertyNames.setting(name), e.requirement());
        }
    }

    /** The innermost level is asked first; above it, the failure is a {@link BindException}. */
    @Override
    public @Nullable Object onFailure(
            ConfigurationPropertyName name,
            Bindable<?> target,
            BindContext context,
            Exception error)
            throws Exception {
        Setting<?> setting = EchoServerPropertyNames.setting(name);
        ConfigurationProperty property = context.getConfigurationProperty();
        if (setting != null
                && property != null
                && !(error instanceof InvalidPropertyException)
                && !(error instanceof BindException)) {
            throw new InvalidPropertyException(
                    property, setting, "it must be " + setting.allowed());
        }
        return super.onFailure(name, target, context, error);
    }
}
