package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;

import org.springframework.context.event.EventListener;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;

/** Publishes the ports of the echo server as properties in the environment of the application. */
final class LocalPortRegistrar {

    private static final String PROPERTY_SOURCE = "echoServerPorts";

    private final ConfigurableEnvironment environment;

    LocalPortRegistrar(ConfigurableEnvironment environment) {
        this.environment = environment;
    }

    /** Returns the name of the property that contains the port of a listener. */
    static String property(String listener) {
        return "local.echo.server." + listener + ".port";
    }

    @EventListener
    void register(EchoServerStartedEvent event) {
        Map<String, InetSocketAddress> addresses = event.server().localAddresses();
        var ports = new HashMap<String, Object>();
        addresses.forEach((listener, address) -> ports.put(property(listener), address.getPort()));
        ports.put(
                LocalEchoServerPort.PROPERTY,
                ports.get(property(EchoServerConfig.DEFAULT_LISTENER)));
        environment.getPropertySources().addFirst(new MapPropertySource(PROPERTY_SOURCE, ports));
    }
}
