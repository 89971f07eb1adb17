package com.example.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.core.env.Environment;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** Tests of requests that change the server, in a host with Spring MVC and Spring Security. */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.security.user.name=user",
            "spring.security.user.password=pass",
            "server.address=127.0.0.1",
            "echo.server.port=0",
            "management.endpoints.web.exposure.include=echo",
            "management.endpoint.echo.access=unrestricted"
        })
class ChangesTest {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @Autowired private EchoServer server;

    @Autowired private Environment environment;

    @BeforeEach
    void run() {
        server.stop();
        server.start();
    }

    @ParameterizedTest
    @CsvSource({
        "POST, Sec-Fetch-Site, cross-site",
        "DELETE, Sec-Fetch-Site, same-site",
        "POST, Origin, https://stranger.example",
        "DELETE, Origin, null"
    })
    void refusesAPageOfAnotherSite(String method, String header, String value) throws Exception {
        HttpResponse<String> answer = send(method, "/actuator/echo", header, value, "");
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(answer.body()).contains("a web page of another site");
        assertThat(send(method, "/actuator/%65cho", header, value, "").statusCode()).isEqualTo(403);
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @Test
    void refusesAnotherHostOnALoopbackAddress() throws Exception {
        for (String method : new String[] {"POST", "DELETE"}) {
            HttpResponse<String> answer =
                    send(method, "/actuator/echo", "Host", "stranger.example", "");
            assertThat(answer.statusCode()).isEqualTo(403);
            assertThat(answer.body()).contains("is for another host");
        }
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @Test
    void refusesABodyOfADelete() throws Exception {
        HttpResponse<String> answer =
                send("DELETE", "/actuator/echo", "Accept", "*/*", "{\"timeout\":\"5s\"}");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("DELETE accepts no body");
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @Test
    void allowsItsOwnPageAndOtherClients() throws Exception {
        assertThat(send("POST", "/actuator/echo", "Sec-Fetch-Site", "same-origin", "").statusCode())
                .isEqualTo(200);
        assertThat(send("DELETE", "/actuator/echo?timeout=1s", "Accept", "*/*", "").statusCode())
                .isEqualTo(200);
    }

    @Test
    void appliesTheSameRulesOnASeparatePort() throws Exception {
        try (var context =
                SpringApplication.run(
                        HostApplication.class,
                        "--server.port=0",
                        "--spring.security.user.name=user",
                        "--spring.security.user.password=pass",
                        "--echo.server.port=0",
                        "--management.server.port=0",
                        "--management.endpoints.web.exposure.include=echo",
                        "--management.endpoint.echo.access=unrestricted")) {
            int port =
                    context.getEnvironment()
                            .getRequiredProperty("local.management.port", Integer.class);
            assertThat(
                            send(port, "POST", "/actuator/echo", "Sec-Fetch-Site", "cross-site", "")
                                    .statusCode())
                    .isEqualTo(403);
        }
    }

    @Test
    void startsWithoutAnEchoServer() {
        SpringApplication.run(
                        HostApplication.class, "--server.port=0", "--echo.server.enabled=false")
                .close();
    }

    private HttpResponse<String> send(
            String method, String path, String header, String value, String body) throws Exception {
        int port = environment.getRequiredProperty("local.server.port", Integer.class);
        return send(port, method, path, header, value, body);
    }

    private static HttpResponse<String> send(
            int port, String method, String path, String header, String value, String body)
            throws Exception {
        return CLIENT.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                        .version(HttpClient.Version.HTTP_1_1)
                        .header(header, value)
                        .header("Authorization", "Basic dXNlcjpwYXNz") // user:pass
                        .header("Content-Type", "application/json")
                        .method(
                                method,
                                body.isEmpty()
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }
}
