package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Actuator;
import io.epollecho.Actuator.Answer;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;
import io.epollecho.spring.EchoServerAutoConfiguration;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** Tests of a start through the endpoint while the port is in use. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.config.location=optional:classpath:/none/",
            "management.endpoints.web.exposure.include=echo",
            "management.endpoint.echo.access=unrestricted"
        })
class EchoEndpointStartTest {

    @Test
    void reportsThatThePortIsInUse(
            @LocalServerPort int httpPort,
            @Autowired EchoServer server,
            @Autowired ServerSocket other)
            throws IOException {
        var actuator = new Actuator(httpPort);
        Answer refused = actuator.post("echo");
        assertThat(refused.status()).as(refused.body()).isEqualTo(409);
        assertThat(refused.at("$.message"))
                .asString()
                .startsWith("Cannot listen on 127.0.0.1:" + other.getLocalPort());
        assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);

        other.close();
        assertThat(actuator.post("echo").at("$.state")).isEqualTo("running");
    }

    /** A host without a lifecycle bean, so that its server does not start with it. */
    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration(exclude = EchoServerAutoConfiguration.class)
    static class Host {

        @Bean
        ServerSocket other() throws IOException {
            return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        }

        @Bean
        EchoServer echoServer(ServerSocket other) {
            return new EchoServer(
                    EchoServerConfig.builder()
                            .address(InetAddress.getLoopbackAddress())
                            .port(other.getLocalPort())
                            .build());
        }
    }
}
