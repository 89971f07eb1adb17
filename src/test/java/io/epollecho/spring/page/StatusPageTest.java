package io.epollecho.spring.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.EpollEchoApplication;
import io.epollecho.PlainHttp;
import io.epollecho.PlainHttp.Answer;
import io.epollecho.PlainHttp2;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;

/** Tests of the page of the runnable application, which listens on a loopback address. */
@SpringBootTest(
        classes = EpollEchoApplication.class,
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {"echo.server.port=0", "server.http2.enabled=true"})
@Tag("slow")
class StatusPageTest {

    /** Matches attributes and elements with inline code or style. */
    private static final Pattern INLINE =
            Pattern.compile("(?is)\\son\\w+\\s*=|\\sstyle\\s*=|<style|<script(?![^>]*\\ssrc=)");

    @Autowired private EchoServer server;

    private final PlainHttp http;

    StatusPageTest(@LocalServerPort int port) {
        http = new PlainHttp(port);
    }

    @ParameterizedTest
    @CsvSource({
        "/, text/html",
        "/page/page.js, text/javascript",
        "/page/page.css, text/css",
        "/page/icon.svg, image/svg+xml",
        "/page/uplot.js, text/javascript",
        "/page/uplot.css, text/css",
    })
    void forbidsExternalAndInlineContent(String path, String type) throws IOException {
        Answer answer = http.send("GET " + path, "Host: localhost");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.head())
                .contains(
                        "content-type: " + type,
                        "content-security-policy: default-src 'none'; script-src 'self';"
                                + " style-src 'self';",
                        "frame-ancestors 'none'",
                        "require-trusted-types-for 'script'; trusted-types 'none'",
                        "x-content-type-options: nosniff",
                        "referrer-policy: no-referrer")
                .doesNotContain("unsafe");
        assertThat(answer.body()).isNotBlank();
    }

    @Test
    void containsNoInlineCodeOrStyle() throws IOException {
        String page = http.send("GET /", "Host: localhost").body();
        assertThat(page).doesNotContainPattern(INLINE).doesNotContain("//");
    }

    @Test
    void containsThePathAndAccessOfTheEndpoint() throws IOException {
        assertThat(http.send("GET /", "Host: localhost").body())
                .contains("data-endpoint=\"actuator/echo\"", "data-access=\"unrestricted\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/page", "/page/", "/page/index.html", "/page/none", "/index.html"})
    void servesNoOtherFiles(String path) throws IOException {
        assertThat(http.send("GET " + path, "Host: localhost").status()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stranger.example",
                "stranger.example:8080",
                "localhost.stranger.example",
                "127.0.0.1.stranger.example",
                "notlocalhost",
                "192.0.2.1",
                "0.0.0.0",
                "[2001:db8::1]:8080",
                "[::]",
                "2130706433.example",
            })
    void refusesARequestForAnotherHost(String host) throws IOException {
        for (String line :
                List.of(
                        "GET /",
                        "GET /actuator/echo",
                        "GET /actuator/prometheus",
                        "DELETE /actuator/echo",
                        "POST /actuator/echo")) {
            Answer answer = http.send(line, "Host: " + host, "X-Forwarded-Host: localhost");
            assertThat(answer.status()).as(line).isEqualTo(403);
            assertThat(answer.body()).contains("Set the Host header to localhost");
        }
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @Test
    void refusesARequestForAnotherHostOverHttp2() throws IOException {
        var http2 = new PlainHttp2(http.port());
        for (String method : List.of("GET", "POST", "DELETE")) {
            assertThat(http2.send(method, "/actuator/echo", "stranger.example:8080", ""))
                    .as(method)
                    .contains("Set the Host header to localhost");
            assertThat(
                            http2.send(
                                    method,
                                    "/actuator/echo",
                                    "stranger.example",
                                    "",
                                    "x-forwarded-host",
                                    "localhost"))
                    .as(method)
                    .contains("Set the Host header to localhost");
        }
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
        assertThat(http2.send("GET", "/actuator/echo", "localhost:8080", ""))
                .startsWith("{\"state\":\"running\"");
    }

    @Test
    void refusesChangesByAnotherSiteOverHttp2() throws IOException {
        var http2 = new PlainHttp2(http.port());
        String own = "localhost:" + http.port();
        for (String[] header :
                new String[][] {
                    {"origin", "https://stranger.example"}, {"sec-fetch-site", "cross-site"}
                }) {
            for (String method : List.of("POST", "DELETE")) {
                assertThat(http2.send(method, "/actuator/echo", own, "", header))
                        .contains("a web page of another site");
            }
        }
        assertThat(http2.send("POST", "/actuator/echo", own, "", "origin", "http://" + own))
                .startsWith("{\"state\":\"running\"");
    }

    /** Over HTTP/2, a body needs neither a length nor another header. */
    @Test
    void refusesADeleteWithABodyOverHttp2() throws IOException {
        assertThat(
                        new PlainHttp2(http.port())
                                .send(
                                        "DELETE",
                                        "/actuator/echo",
                                        "localhost",
                                        "{\"timeout\":\"5s\"}",
                                        "content-type",
                                        "application/json"))
                .contains("DELETE accepts no body");
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    /** Older browsers do not send Sec-Fetch-Site. */
    @ParameterizedTest
    @ValueSource(strings = {"https://stranger.example", "null", "http://localhost:1"})
    void refusesChangesByAnotherOrigin(String origin) throws IOException {
        String host = "Host: localhost:" + http.port();
        for (String line : List.of("DELETE /actuator/echo", "POST /actuator/echo")) {
            Answer answer = http.send(line, host, "Origin: " + origin);
            assertThat(answer.status()).as(line).isEqualTo(403);
            assertThat(answer.body()).contains("a web page of another site");
        }
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LocalHost:8080",
                "localhost.",
                "localhost.:8080",
                "echo.localhost.",
                "echo.localhost",
                "127.0.0.1",
                "127.8.7.6:8080",
                "[::1]",
                "[::1]:8080",
            })
    void answersForEveryNameOfTheLoopback(String host) throws IOException {
        assertThat(http.send("GET /", "Host: " + host).status()).isEqualTo(200);
        assertThat(http.send("GET /actuator/echo", "Host: " + host).status()).isEqualTo(200);
    }

    /** Simple health probes send no Host header. */
    @Test
    void answersWithoutAHostHeader() throws IOException {
        assertThat(http.send("GET /actuator/health HTTP/1.0", List.of()).status()).isEqualTo(200);
    }
}
