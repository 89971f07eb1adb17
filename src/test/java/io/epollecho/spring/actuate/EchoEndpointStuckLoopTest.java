package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.Actuator;
import io.epollecho.Actuator.Answer;
import io.epollecho.server.EchoServer;
import io.epollecho.spring.BreakableSelector;
import io.epollecho.spring.EchoServerConfigCustomizer;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import java.time.Duration;

/** Tests of the endpoint while an event loop is stuck. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.config.location=optional:classpath:/none/",
            "management.endpoints.web.exposure.include=echo",
            "echo.server.port=0"
        })
class EchoEndpointStuckLoopTest {

    private static final String CONNECTIONS = "echo/connections";

    @Test
    void reportsThatALoopDoesNotListItsConnections(
            @LocalServerPort int httpPort, @Autowired BreakableSelector selector)
            throws InterruptedException {
        var actuator = new Actuator(httpPort);
        awaitConnections(actuator);
        selector.holdLoops();
        try {
            Answer refused = actuator.get(CONNECTIONS);
            assertThat(refused.status()).as(refused.body()).isEqualTo(503);
            assertThat(refused.at("$.message"))
                    .isEqualTo(
                            "An event loop did not list its connections within 100 ms: it is stuck"
                                    + " or overloaded");
            assertThat(actuator.get("echo").at("$.state")).isEqualTo("running");
        } finally {
            selector.releaseLoops();
        }
        awaitConnections(actuator);
    }

    /** On a busy machine, a loop that is not stuck may also take longer than the endpoint waits. */
    private static void awaitConnections(Actuator actuator) {
        await().until(() -> actuator.get(CONNECTIONS).status() == 200);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Host {

        @Bean
        BreakableSelector breakableSelector() {
            return new BreakableSelector();
        }

        @Bean
        EchoServerConfigCustomizer breakable(BreakableSelector selector) {
            return config -> config.selector(selector.selector());
        }

        @Bean
        EchoEndpoint impatient(EchoServer server, EchoServerHistory history) {
            return new EchoEndpoint(server, history, Duration.ofMillis(100));
        }
    }
}
