package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.epollecho.Actuator;
import io.epollecho.Actuator.Answer;
import io.epollecho.EchoPeer;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Configuration;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

import javax.management.ObjectName;
import javax.management.ReflectionException;

/**
 * Tests of requests that the endpoint refuses, in a host that allows changes and, as is Spring
 * Boot's default, hides the messages of errors.
 */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "spring.config.location=optional:classpath:/none/",
            "spring.jmx.enabled=true",
            "management.endpoints.jmx.exposure.include=echo",
            "management.endpoints.web.exposure.include=echo",
            "management.endpoint.echo.access=unrestricted",
            "echo.server.port=0",
            "echo.server.socket.send-buffer=16KB"
        })
class EchoEndpointRequestTest {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @Autowired private EchoServer server;

    private final int httpPort;
    private final Actuator actuator;

    EchoEndpointRequestTest(@LocalServerPort int httpPort) {
        this.httpPort = httpPort;
        this.actuator = new Actuator(httpPort);
    }

    @AfterEach
    void runAgain() {
        server.stop();
        server.start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"garbage", "", "-1s", "25h", "100000d", "99999999999999999999s"})
    void refusesAnInvalidTimeout(String timeout) {
        Answer answer = actuator.delete("echo?timeout=" + timeout);
        assertRefused(
                answer,
                400,
                "timeout is '" + timeout + "': it must be a duration such as 20s, 0 to 1d");
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @ParameterizedTest
    @CsvSource({"abc, abc", "'', ''", "0, 0", "10001, 10001", "1.5, 1.5", "1&limit=2, '1,2'"})
    void refusesAnInvalidLimit(String query, String value) {
        assertRefused(
                actuator.get("echo/connections?limit=" + query),
                400,
                "limit is '" + value + "': it must be a number, 1 to 10000");
    }

    @ParameterizedTest
    @CsvSource({
        "connections?sort=, 'sort is '''': it must be newest, busiest, idle or pending'",
        "connections?sort=oldest, 'sort is ''oldest'': it must be newest, busiest, idle or"
                + " pending'",
        "history?since=now, since is 'now': it must be the last number in the column sequence",
    })
    void refusesAnInvalidValue(String request, String message) {
        assertRefused(actuator.get("echo/" + request), 400, message);
    }

    @ParameterizedTest
    @CsvSource({
        "DELETE, echo?timout=5s, 'timout', takes 'timeout'",
        "DELETE, echo?timeout=5s&force=true, 'force', takes 'timeout'",
        "GET, echo/connections?limt=3, 'limt', 'takes ''limit'', ''sort'''",
        "GET, echo/connections?since=0, 'since', 'takes ''limit'', ''sort'''",
        "GET, echo/history?limit=3, 'limit', takes 'since'",
        "GET, echo?limit=3, 'limit', takes none",
        "POST, echo?timeout=5s, 'timeout', takes none",
    })
    void refusesAnUnknownParameter(String method, String path, String parameter, String takes)
            throws Exception {
        assertRefused(
                ask(method, path, ""),
                400,
                "Unknown parameter '%s': this request %s".formatted(parameter, takes));
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @Test
    void refusesAnUnknownFieldInAPostedBody() throws Exception {
        assertRefused(
                ask("POST", "echo", "{\"port\": \"7778\"}"),
                400,
                "Unknown parameter 'port': this request takes none");
        assertThat(ask("POST", "echo", "{}").status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"timeout\": \"5s\"}", "{\"timout\": \"5s\"}"})
    void refusesADeleteWithABody(String body) throws Exception {
        assertRefused(
                ask("DELETE", "echo", body),
                400,
                "DELETE accepts no body: pass the timeout in the query, such as ?timeout=20s");
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    @Test
    void refusesToExtendADrainAndReportsTheRemainingTime() throws IOException {
        try (EchoPeer peer = connect()) {
            peer.stall(() -> server.statistics().pendingBytes() > 0);
            assertThat(actuator.delete("echo?timeout=40s").status()).isEqualTo(200);

            assertRefused(
                    actuator.delete("echo?timeout=60s"),
                    409,
                    "timeout is '60s': a drain that has begun can only be shortened, and this one"
                            + " has 3");
            assertThat(actuator.get("echo").at("$.drain.remaining")).asString().startsWith("PT3");

            Answer shorter = actuator.delete("echo?timeout=15s");
            assertThat(shorter.status()).isEqualTo(200);
            assertThat(shorter.at("$.drain.remaining")).asString().startsWith("PT1");
        }
    }

    @Test
    void answersARepeatedDeleteWithTheProgressOfTheDrain() throws IOException {
        try (EchoPeer peer = connect()) {
            peer.stall(() -> server.statistics().pendingBytes() > 0);
            actuator.delete("echo?timeout=15s");
            Answer repeated = actuator.delete("echo");
            assertThat(repeated.status()).isEqualTo(200);
            assertThat(repeated.at("$.state")).isEqualTo("draining");
            assertThat(repeated.at("$.drain.remaining")).asString().startsWith("PT1");
        }
    }

    @Test
    void refusesToStartWhileDraining() throws IOException {
        try (EchoPeer peer = connect()) {
            peer.stall(() -> server.statistics().pendingBytes() > 0);
            actuator.delete("echo?timeout=20s");
            assertRefused(actuator.post("echo"), 409, "The echo server is draining");
        }
    }

    @Test
    void answersWithTheStateWhenThereIsNothingToDo() {
        Answer running = actuator.post("echo");
        assertThat(running.status()).isEqualTo(200);
        assertThat(running.at("$.state")).isEqualTo("running");

        server.stop();
        Answer stopped = actuator.delete("echo?timeout=5s");
        assertThat(stopped.status()).isEqualTo(200);
        assertThat(stopped.at("$.state")).isEqualTo("stopped");
    }

    @ParameterizedTest
    @CsvSource({
        "shutdown, soon, timeout is 'soon': it must be a duration such as 20s,",
        "shutdown, 100000d, timeout is '100000d': it must be a duration such as 20s,"
    })
    void refusesOverJmxWithTheSameMessage(String operation, String argument, String message)
            throws Exception {
        var name = new ObjectName("org.springframework.boot:type=Endpoint,name=Echo");
        assertThatExceptionOfType(ReflectionException.class)
                .isThrownBy(
                        () ->
                                ManagementFactory.getPlatformMBeanServer()
                                        .invoke(
                                                name,
                                                operation,
                                                new Object[] {argument},
                                                new String[] {String.class.getName()}))
                .withMessageContaining(message);
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    /** Over JMX, parameters that are not set arrive as null. */
    @ParameterizedTest
    @CsvSource({
        "connections, 5, newest, , connections=[]",
        "connections, , pending, , connections=[]",
        "connections, , , , connections=[]",
        "history, , , , interval=PT1S",
        "history, , , 0, interval=PT1S"
    })
    void answersOverJmx(
            String part,
            @Nullable String limit,
            @Nullable String sort,
            @Nullable String since,
            String expected)
            throws Exception {
        String string = String.class.getName();
        Object answer =
                ManagementFactory.getPlatformMBeanServer()
                        .invoke(
                                new ObjectName("org.springframework.boot:type=Endpoint,name=Echo"),
                                "part",
                                new @Nullable Object[] {part, limit, sort, since},
                                new String[] {string, string, string, string});
        assertThat(answer).asString().contains(expected);
    }

    @Test
    void refusesAParameterOfAnotherPartOverJmx() throws Exception {
        String string = String.class.getName();
        var name = new ObjectName("org.springframework.boot:type=Endpoint,name=Echo");
        assertThatExceptionOfType(ReflectionException.class)
                .isThrownBy(
                        () ->
                                ManagementFactory.getPlatformMBeanServer()
                                        .invoke(
                                                name,
                                                "part",
                                                new @Nullable Object[] {
                                                    "connections", null, null, "0"
                                                },
                                                new String[] {string, string, string, string}))
                .withMessageContaining("Unknown parameter 'since'");
    }

    @Test
    void drainsAndStartsOverJmx() throws Exception {
        var name = new ObjectName("org.springframework.boot:type=Endpoint,name=Echo");
        var beans = ManagementFactory.getPlatformMBeanServer();
        beans.invoke(
                name,
                "shutdown",
                new @Nullable Object[] {null},
                new String[] {String.class.getName()});
        assertThat(server.state()).isIn(EchoServerState.DRAINING, EchoServerState.STOPPED);
        server.stop();
        beans.invoke(name, "start", new Object[0], new String[0]);
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
    }

    private static void assertRefused(Answer answer, int status, String message) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.number("$.status")).isEqualTo(status);
        assertThat(answer.at("$.message")).asString().startsWith(message);
    }

    private Answer ask(String method, String path, String json) throws Exception {
        var body = json.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(json);
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:%d/actuator/%s"
                                                .formatted(httpPort, path)))
                        .timeout(EchoPeer.PATIENCE)
                        .header("Content-Type", "application/json")
                        .method(method, body)
                        .build();
        HttpResponse<String> response = CLIENT.send(request, BodyHandlers.ofString());
        return new Answer(response.statusCode(), response.body());
    }

    private EchoPeer connect() throws IOException {
        return EchoPeer.connect(server.localAddress().getPort());
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Host {}
}
