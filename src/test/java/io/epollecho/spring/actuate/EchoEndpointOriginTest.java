package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.PlainHttp;
import io.epollecho.PlainHttp.Answer;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Configuration;

import java.io.IOException;
import java.util.List;

/** Tests of requests that a browser sends on behalf of a web page. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.config.location=optional:classpath:/none/",
            "management.endpoints.web.exposure.include=echo",
            "management.endpoints.web.cors.allowed-origins=https://friend.example",
            "management.endpoints.web.cors.allowed-methods=GET,DELETE",
            "management.endpoint.echo.access=unrestricted",
            "echo.server.port=0"
        })
class EchoEndpointOriginTest {

    private static final List<String> CHANGES =
            List.of("POST /actuator/echo", "DELETE /actuator/echo?timeout=1s");

    @Autowired private EchoServer server;

    private final PlainHttp http;
    private final String host;

    EchoEndpointOriginTest(@LocalServerPort int port) {
        http = new PlainHttp(port);
        host = "localhost:" + port;
    }

    @AfterEach
    void runAgain() {
        server.stop();
        server.start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"})
    void refusesChangesByAPageOfAnotherSite(String header) throws IOException {
        for (String change : CHANGES) {
            Answer answer = http.send(change, "Host: " + host, header);
            assertThat(answer.status()).as(change).isEqualTo(403);
            assertThat(answer.body())
                    .contains("\"The request comes from a web page of another site: only pages");
        }
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    /** Spring MVC itself refuses some of these requests because of its CORS configuration. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Origin: https://stranger.example",
                "Origin: null",
                "Origin: http://localhost:1",
            })
    void refusesChangesByAnotherOrigin(String origin) throws IOException {
        for (String change : CHANGES) {
            assertThat(http.send(change, "Host: " + host, origin).status())
                    .as(change)
                    .isEqualTo(403);
        }
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none", "Accept: */*"})
    void allowsChangesByItsOwnPageOrByNoPage(String header) throws IOException {
        for (String change : CHANGES) {
            assertThat(http.send(change, "Host: " + host, header).status())
                    .as(change)
                    .isEqualTo(200);
        }
    }

    @Test
    void allowsChangesByItsOwnOrigin() throws IOException {
        for (String change : CHANGES) {
            assertThat(http.send(change, "Host: " + host, "Origin: http://" + host).status())
                    .as(change)
                    .isEqualTo(200);
        }
    }

    @Test
    void allowsChangesByAnAllowedOrigin() throws IOException {
        Answer answer =
                http.send(
                        "DELETE /actuator/echo?timeout=1s",
                        "Host: " + host,
                        "Origin: https://friend.example",
                        "Sec-Fetch-Site: cross-site");
        assertThat(answer.status()).isEqualTo(200);
    }

    @Test
    void answersReadRequestsFromOtherSites() throws IOException {
        Answer answer =
                http.send("GET /actuator/echo", "Host: " + host, "Sec-Fetch-Site: cross-site");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.head()).doesNotContain("access-control-allow-origin");
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Host {}
}
