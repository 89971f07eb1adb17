package io.epollecho.spring.actuate;

import io.epollecho.server.EchoServer;
import io.epollecho.spring.EchoServerAutoConfiguration;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Auto-configuration of the health indicator {@code echo}. */
@AutoConfiguration(after = EchoServerAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnSingleCandidate(EchoServer.class)
@ConditionalOnEnabledHealthIndicator("echo")
public final class EchoServerHealthAutoConfiguration {

    /** Creates the auto-configuration. */
    public EchoServerHealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "echoHealthIndicator")
    EchoServerHealthIndicator echoHealthIndicator(EchoServer server) {
        return new EchoServerHealthIndicator(server);
    }
}
