package com.example.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;

import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/**
 * Tests of a host with two servers of its own. The starter manages one server; the host manages
 * more itself.
 */
class OwnServersTest {

    @TestConfiguration
    static class TwoServers {

        @Bean(initMethod = "start")
        EchoServer first() {
            return server();
        }

        @Bean(initMethod = "start")
        EchoServer second() {
            return server();
        }

        private static EchoServer server() {
            return new EchoServer(EchoServerConfig.builder().port(0).build());
        }
    }

    @Test
    void areLeftToTheHost() throws Exception {
        EchoServer server;
        try (var context =
                new SpringApplicationBuilder(HostApplication.class, TwoServers.class)
                        .run(
                                "--server.port=0",
                                "--spring.security.user.name=user",
                                "--spring.security.user.password=pass",
                                "--management.endpoints.web.exposure.include=*")) {
            server = context.getBean("second", EchoServer.class);
            assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
            int port =
                    context.getEnvironment()
                            .getRequiredProperty("local.server.port", Integer.class);
            assertThat(get(port, "/actuator/health").statusCode()).isEqualTo(200);
            assertThat(get(port, "/actuator/echo").statusCode()).isEqualTo(404);
        }
        assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);
    }

    private static HttpResponse<String> get(int port, String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                                .header("Authorization", "Basic dXNlcjpwYXNz") // user:pass
                                .build(),
                        BodyHandlers.ofString());
    }
}
