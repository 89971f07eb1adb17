package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Actuator;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Configuration;

/** Tests of the endpoint in a host that exposes it with the default access. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.config.location=optional:classpath:/none/",
            "management.endpoints.web.exposure.include=echo",
            "echo.server.port=0"
        })
class EchoEndpointAccessTest {

    @Test
    void isReadOnlyByDefault(@LocalServerPort int httpPort, @Autowired EchoServer server) {
        var actuator = new Actuator(httpPort);
        assertThat(actuator.get("echo").at("$.state")).isEqualTo("running");
        assertThat(actuator.get("echo/connections").status()).isEqualTo(200);
        assertThat(actuator.delete("echo").status()).isEqualTo(405);
        assertThat(actuator.post("echo").status()).isEqualTo(405);
        assertThat(actuator.post("echo").body())
                .contains("set management.endpoint.echo.access=unrestricted to allow changes");
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Host {}
}
