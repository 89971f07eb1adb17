package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;

import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.AutowireCandidateQualifier;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;

/**
 * The ports of the running echo server, as properties of the application and as beans that {@link
 * LocalEchoServerPort} selects.
 *
 * <p>Spring cannot insert the name of a listener into the placeholder of a meta-annotation, so a
 * bean provides the port of each listener. The beans are injected only where that annotation asks
 * for them.
 */
final class LocalPorts {

    private static final String PROPERTY_SOURCE = "echoServerPorts";

    private final ConfigurableEnvironment environment;
    private final BeanDefinitionRegistry beans;

    LocalPorts(ConfigurableEnvironment environment, BeanDefinitionRegistry beans) {
        this.environment = environment;
        this.beans = beans;
    }

    /** Returns the name of the property that contains the port of a listener. */
    static String property(String listener) {
        return "local.echo.server." + listener + ".port";
    }

    /** Publishes the ports of all listeners, instead of earlier ones. */
    void publish(Map<String, InetSocketAddress> addresses) {
        var ports = new HashMap<String, Object>();
        addresses.forEach((listener, address) -> ports.put(property(listener), address.getPort()));
        ports.put(
                LocalEchoServerPort.PROPERTY,
                ports.get(property(EchoServerConfig.DEFAULT_LISTENER)));
        environment.getPropertySources().addFirst(new MapPropertySource(PROPERTY_SOURCE, ports));
        addresses.keySet().forEach(this::define);
    }

    /** Removes the properties, because the ports belong to the server no more. */
    void withdraw() {
        environment.getPropertySources().remove(PROPERTY_SOURCE);
    }

    private void define(String listener) {
        String property = property(listener);
        if (!beans.containsBeanDefinition(property)) {
            var port =
                    new RootBeanDefinition(
                            Integer.class,
                            BeanDefinition.SCOPE_PROTOTYPE,
                            () -> environment.getRequiredProperty(property, Integer.class));
            port.addQualifier(new AutowireCandidateQualifier(LocalEchoServerPort.class, listener));
            port.setDefaultCandidate(false);
            port.setRole(BeanDefinition.ROLE_INFRASTRUCTURE);
            beans.registerBeanDefinition(property, port);
        }
    }
}
