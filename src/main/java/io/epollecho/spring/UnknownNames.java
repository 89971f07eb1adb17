package io.epollecho.spring;

import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

import java.util.Locale;
import java.util.Objects;

/**
 * A listener for an application that is nothing but an echo server. The start fails if an
 * environment variable or a property looks like one of the echo server's and is none, because
 * Spring Boot would ignore it. In a host application, such a name may belong to something else.
 */
public final class UnknownNames
        implements ApplicationListener<ApplicationEnvironmentPreparedEvent>, Ordered {

    /** Creates the listener. */
    public UnknownNames() {}

    /** Runs after the files of the application have been read. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }

    @Override
    public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
        ConfigurableEnvironment environment = event.getEnvironment();
        for (String variable : EchoServerVariableNames.unknown(environment)) {
            throw new UnknownNameException(
                    "There is no property of the echo server for the environment variable "
                            + variable
                            + ".",
                    EchoServerVariableNames.remedy(variable));
        }
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source instanceof IterableConfigurationPropertySource named
                    && !isVariables(source)) {
                named.stream().forEach(name -> requireOther(named, name));
            }
        }
    }

    private static boolean isVariables(ConfigurationPropertySource source) {
        return source.getUnderlyingSource() instanceof PropertySource<?> named
                && named.getName()
                        .equals(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
    }

    /** Refuses a name that only looks like one of the echo server's. */
    private static void requireOther(
            ConfigurationPropertySource source, ConfigurationPropertyName name) {
        if (EchoServerPropertyNames.isLike(name)
                && !EchoServerPropertyNames.PREFIX.isAncestorOf(name)
                && !EchoServerPropertyNames.isGroup(name)) {
            ConfigurationProperty property =
                    Objects.requireNonNull(source.getConfigurationProperty(name));
            throw new UnknownNameException(
                    String.format(
                            Locale.ROOT,
                            "There is no property %s%s.",
                            name,
                            InvalidPropertyException.origin(property)),
                    EchoServerPropertyNames.nearest(name.toString())
                            .map(nearest -> "Rename it if you mean " + nearest + ", or remove it.")
                            .orElse("Correct its name, or remove it."));
        }
    }
}
