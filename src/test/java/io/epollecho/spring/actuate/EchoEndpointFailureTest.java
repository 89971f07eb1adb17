package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.Actuator;
import io.epollecho.Actuator.Answer;
import io.epollecho.EchoPeer;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;
import io.epollecho.spring.BreakableSelector;
import io.epollecho.spring.EchoServerConfigCustomizer;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Tests of the endpoint after an event loop has died. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.config.location=optional:classpath:/none/",
            "management.endpoints.web.exposure.include=echo",
            "management.endpoint.echo.access=unrestricted",
            "echo.server.port=0"
        })
class EchoEndpointFailureTest {

    @Autowired private EchoServer server;
    @Autowired private BreakableSelector selector;

    private final Actuator actuator;

    EchoEndpointFailureTest(@LocalServerPort int httpPort) {
        this.actuator = new Actuator(httpPort);
    }

    @BeforeEach
    void fail() {
        server.start();
        selector.breakLoops();
        await().atMost(EchoPeer.PATIENCE).until(() -> server.state() == EchoServerState.FAILED);
    }

    @RepeatedTest(5)
    void deleteStopsAFailedServer() {
        Answer stopped = actuator.delete("echo?timeout=5s");
        assertThat(stopped.status()).isEqualTo(200);
        assertThat(stopped.at("$.state")).isEqualTo("stopped");
        assertThat(stopped.at("$.failure")).asString().contains("Exception");
        assertThat(actuator.post("echo").at("$.state")).isEqualTo("running");
    }

    @Test
    void postRestartsAFailedServer() {
        assertThat(actuator.get("echo").at("$.state")).isEqualTo("failed");
        Answer started = actuator.post("echo");
        assertThat(started.status()).isEqualTo(200);
        assertThat(started.at("$.state")).isEqualTo("running");
        assertThat(started.body()).doesNotContain("\"failure\"");
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
    }
}
