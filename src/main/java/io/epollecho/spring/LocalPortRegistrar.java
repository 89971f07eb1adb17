package io.epollecho.spring;

import org.springframework.context.event.EventListener;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

import java.util.Map;

/** Lets the application ask its environment for the port that the echo server is bound to. */
final class LocalPortRegistrar {

    private static final String PROPERTY_SOURCE = "echoServerPort";

    private final ConfigurableEnvironment environment;

    LocalPortRegistrar(ConfigurableEnvironment environment) {
        this.environment = environment;
    }

    @EventListener
    void register(EchoServerStartedEvent event) {
        Map<String, Object> port =
                Map.of(LocalEchoServerPort.PROPERTY, event.server().localAddress().getPort());
        environment.getPropertySources().addFirst(new MapPropertySource(PROPERTY_SOURCE, port));
    }
}
