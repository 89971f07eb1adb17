package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServer;
import io.epollecho.spring.EchoServerAutoConfiguration;

import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ImportRuntimeHints;

/** Auto-configuration of the endpoint {@code echo}, if the application exposes it. */
@AutoConfiguration(after = EchoServerAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
@ConditionalOnSingleCandidate(EchoServer.class)
@ConditionalOnAvailableEndpoint(EchoEndpoint.class)
@ImportRuntimeHints(EchoEndpointHints.class)
public final class EchoEndpointAutoConfiguration {

    /** Creates the auto-configuration. */
    public EchoEndpointAutoConfiguration() {}

    @Bean(initMethod = "start")
    EchoServerHistory echoServerHistory(EchoServer server) {
        return new EchoServerHistory(server);
    }

    @Bean
    @ConditionalOnMissingBean
    EchoEndpoint echoEndpoint(EchoServer server, EchoServerHistory history) {
        return new EchoEndpoint(server, history);
    }

    @Bean
    EchoEndpointRequestAdvisor echoEndpointRequestAdvisor() {
        return new EchoEndpointRequestAdvisor();
    }
}
