package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.Actuator;
import io.epollecho.Actuator.Answer;
import io.epollecho.EchoPeer;
import io.epollecho.EpollEchoApplication;
import io.epollecho.server.EchoServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Tests of the endpoint and the health probes of the runnable application. */
@SpringBootTest(
        classes = EpollEchoApplication.class,
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {"echo.server.port=0", "echo.server.socket.send-buffer=16KB"})
class EchoEndpointTest {

    private static final String READINESS = "health/readiness";

    @Autowired private EchoServer server;

    private final Actuator actuator;

    EchoEndpointTest(@LocalServerPort int httpPort) {
        actuator = new Actuator(httpPort);
    }

    @AfterEach
    void runAgain() {
        server.stop();
        server.start();
    }

    @Test
    void showsTheStatusOfTheServer() throws IOException {
        Answer before = actuator.get("echo");
        assertThat(before.status()).isEqualTo(200);
        try (EchoPeer peer = connect()) {
            peer.exchange(321);
            Answer answer = actuator.get("echo");
            assertThat(answer.at("$.state")).isEqualTo("running");
            assertThat(answer.at("$.listeners.default.address")).asString().endsWith(":" + port());
            assertThat(answer.number("$.listeners.default.backlog")).isEqualTo(4096);
            assertThat(answer.at("$.selector")).isEqualTo(server.config().selector().name());
            assertThat(answer.at("$.triggerMode"))
                    .isEqualTo(server.config().selector().triggerMode().label());
            assertThat(answer.number("$.connections.active")).isEqualTo(1);
            assertThat(answer.number("$.bytes.received") - before.number("$.bytes.received"))
                    .isEqualTo(321);
            assertThat(answer.number("$.limits.connections")).isEqualTo(server.maxConnections());
            assertThat(answer.number("$.limits.ipv6PrefixLength")).isEqualTo(64);
            assertThat(answer.number("$.limits.maxPending"))
                    .isEqualTo(server.config().maxPending());
            assertThat(answer.at("$.limits.drainTimeout")).isEqualTo("PT20S");
            assertThat(answer.at("$.limits.lingerTimeout")).isEqualTo("PT5S");
            assertThat(answer.number("$.loops.length()")).isEqualTo(1);
            assertThat(answer.number("$.loops[0].active")).isEqualTo(1);
            assertThat(answer.body()).doesNotContain("\"drain\":{", "\"failure\"");
        }
    }

    @Test
    void listsConnectionsNewestFirst() throws IOException {
        try (EchoPeer older = connect()) {
            older.exchange(10);
            try (EchoPeer newer = connect()) {
                newer.exchange(20);
                Answer all = actuator.get("echo/connections");
                assertThat(all.number("$.active")).isEqualTo(2);
                assertThat(all.at("$.connections[*].bytes.received")).hasToString("[20,10]");
                assertThat(all.at("$.connections[*].listener"))
                        .hasToString("[\"default\",\"default\"]");
                assertThat(all.at("$.connections[0].peer"))
                        .asString()
                        .matches(".*127.0.0.1.*:\\d+");
                Answer one = actuator.get("echo/connections?limit=1");
                assertThat(one.number("$.active")).isEqualTo(2);
                assertThat(one.at("$.connections[*].bytes.received")).hasToString("[20]");
            }
        }
    }

    /** The event loop keeps its connections in an array, where the last one fills a gap. */
    @Test
    void listsTheNewestConnectionAfterAnOlderOneHasEnded() throws IOException {
        try (EchoPeer oldest = connect()) {
            oldest.exchange(10); // each is accepted before the next one connects
            try (EchoPeer older = connect()) {
                older.exchange(20);
                try (EchoPeer newest = connect()) {
                    newest.exchange(30);
                    oldest.finish();
                    await().until(() -> server.statistics().active() == 2);
                    Answer one = actuator.get("echo/connections?limit=1");
                    assertThat(one.at("$.connections[*].bytes.received")).hasToString("[30]");
                }
            }
        }
    }

    @Test
    void listsTheBusiestConnectionsFirst() throws IOException {
        try (EchoPeer busier = connect();
                EchoPeer newer = connect()) {
            busier.exchange(20);
            newer.exchange(10);
            Answer all = actuator.get("echo/connections?sort=busiest");
            assertThat(all.at("$.connections[*].bytes.received")).hasToString("[20,10]");
            Answer one = actuator.get("echo/connections?sort=busiest&limit=1");
            assertThat(one.at("$.connections[*].bytes.received")).hasToString("[20]");
            Answer newest = actuator.get("echo/connections?sort=newest");
            assertThat(newest.at("$.connections[*].bytes.received")).hasToString("[10,20]");
        }
    }

    @Test
    void listsTheConnectionsThatAreIdleForTheLongestFirst() throws IOException {
        try (EchoPeer idle = connect();
                EchoPeer newer = connect()) {
            newer.exchange(10);
            idle.exchange(20);
            newer.exchange(10);
            Answer all = actuator.get("echo/connections?sort=idle");
            assertThat(all.at("$.connections[*].bytes.received")).hasToString("[20,20]");
            assertThat(all.at("$.connections[0].peer")).asString().endsWith(":" + idle.port());
            Answer one = actuator.get("echo/connections?sort=idle&limit=1");
            assertThat(one.at("$.connections[*].peer"))
                    .asString()
                    .contains(":" + idle.port() + "\"");
        }
    }

    @Test
    void listsTheConnectionsWithTheMostPendingBytesFirst() throws IOException {
        try (EchoPeer slow = connect();
                EchoPeer newer = connect()) {
            newer.exchange(10);
            slow.stall(() -> server.statistics().pendingBytes() > 0);
            newer.exchange(10);
            Answer one = actuator.get("echo/connections?sort=pending&limit=1");
            assertThat(one.number("$.connections[0].bytes.pending")).isPositive();
            assertThat(one.at("$.connections[0].peer")).asString().endsWith(":" + slow.port());
            Answer all = actuator.get("echo/connections?sort=pending");
            assertThat(all.number("$.connections[1].bytes.pending")).isZero();
        }
    }

    @Test
    void showsRatesOfTheLastSecondAndTheirPeaks() throws IOException {
        try (EchoPeer peer = connect()) {
            await().atMost(EchoPeer.PATIENCE)
                    .untilAsserted(
                            () -> {
                                peer.exchange(50_000);
                                Answer busy = actuator.get("echo");
                                assertThat(busy.number("$.rates.received")).isPositive();
                                assertThat(busy.number("$.rates.sent")).isPositive();
                                assertThat(busy.number("$.listeners.default.rates.sent"))
                                        .isEqualTo(busy.number("$.rates.sent"));
                                assertThat(busy.number("$.loops[0].rates.sent"))
                                        .isEqualTo(busy.number("$.rates.sent"));
                                assertThat((Double) busy.at("$.loops[0].busyShare"))
                                        .isBetween(0.001, 1.0);
                            });
            await().atMost(Duration.ofSeconds(3))
                    .untilAsserted(
                            () -> {
                                Answer idle = actuator.get("echo");
                                assertThat(idle.number("$.rates.received")).isZero();
                                assertThat(idle.number("$.rates.accepted")).isZero();
                                assertThat(idle.number("$.peaks.rates.received")).isPositive();
                                assertThat(idle.number("$.peaks.rates.sent")).isPositive();
                                assertThat(idle.number("$.peaks.rates.accepted")).isPositive();
                                assertThat(idle.number("$.peaks.active"))
                                        .isEqualTo(server.peakConnections());
                            });
        }
    }

    @Test
    void showsTheUptime() {
        assertThat(actuator.get("echo").at("$.uptime")).asString().startsWith("PT0.");
        server.stop();
        assertThat(actuator.get("echo").at("$.uptime")).isEqualTo("PT0S");
    }

    @Test
    void keepsAPointForEachSecond() throws IOException {
        try (EchoPeer peer = connect()) {
            peer.exchange(1_000);
            Answer before = actuator.get("echo/history");
            assertThat(before.at("$.interval")).isEqualTo("PT1S");
            long count = before.number("$.time.length()");
            await().atMost(Duration.ofSeconds(5))
                    .until(
                            () ->
                                    actuator.get("echo/history").number("$.time.length()")
                                            > count + 1);
            Answer history = actuator.get("echo/history");
            List<Long> times = history.numbers("$.time");
            for (int i = 1; i < times.size(); i++) {
                assertThat(times.get(i) - times.get(i - 1)).isBetween(500L, 5_000L);
            }
            assertThat(history.numbers("$.active").getLast()).isEqualTo(1);
            assertThat(history.numbers("$.received").stream().mapToLong(Long::longValue).sum())
                    .isPositive();
            for (String column :
                    List.of("sequence", "active", "pending", "accepted", "received", "sent")) {
                assertThat(history.numbers("$." + column)).as(column).hasSameSizeAs(times);
            }
            List<Long> numbers = history.numbers("$.sequence");
            Answer newer = actuator.get("echo/history?since=" + numbers.get(numbers.size() - 2));
            assertThat(newer.numbers("$.time")).first().isEqualTo(times.getLast());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1 to 10000", "-1, 1 to 10000", "10001, 1 to 10000", "many, ''"})
    void refusesALimitOutOfRange(String limit, String reason) {
        Answer answer = actuator.get("echo/connections?limit=" + limit);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body()).contains(reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"echo/conections", "echo/connections/1", "echoes"})
    void answersNotFoundForOtherPaths(String path) {
        assertThat(actuator.get(path).status()).isEqualTo(404);
    }

    @Test
    void deleteDrainsWhileHealthAndProgressRemainAvailable() throws IOException {
        assertThat(actuator.get(READINESS).status()).isEqualTo(200);
        try (EchoPeer peer = connect()) {
            peer.stall(() -> server.statistics().pendingBytes() > 0);

            Answer begun = actuator.delete("echo?timeout=20s");
            assertThat(begun.status()).isEqualTo(200);
            assertThat(begun.at("$.state")).isEqualTo("draining");

            Answer progress = actuator.get("echo");
            assertThat(progress.at("$.state")).isEqualTo("draining");
            assertThat(progress.number("$.drain.connectionsAtStart")).isEqualTo(1);
            assertThat(progress.number("$.drain.connectionsLeft")).isEqualTo(1);
            assertThat(progress.at("$.drain.remaining")).asString().startsWith("PT1");
            assertThat(progress.number("$.bytes.pending")).isPositive();
            Answer readiness = actuator.get(READINESS);
            assertThat(readiness.status()).isEqualTo(503);
            assertThat(readiness.at("$.components.readinessState.status"))
                    .isEqualTo("OUT_OF_SERVICE");
            assertThat(readiness.at("$.components.echo.status")).isEqualTo("OUT_OF_SERVICE");
            assertThat(actuator.get("health/liveness").status()).isEqualTo(200);

            Answer refused = actuator.post("echo");
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.body()).contains("draining", "timeout=0s");

            peer.finish();
        }
        awaitState("stopped");
        assertThat(actuator.get(READINESS).status()).isEqualTo(503);

        Answer started = actuator.post("echo");
        assertThat(started.status()).isEqualTo(200);
        assertThat(started.at("$.state")).isEqualTo("running");
        assertThat(actuator.get(READINESS).status()).isEqualTo(200);
        EchoPeer.assertEchoes(port());
    }

    @Test
    void deleteWithTimeoutZeroClosesABusyConnection() throws IOException {
        try (EchoPeer peer = connect()) {
            peer.stall(() -> server.statistics().pendingBytes() > 0);
            actuator.delete("echo?timeout=60s");
            assertThat(actuator.delete("echo?timeout=0s").at("$.drain.remaining"))
                    .asString()
                    .startsWith("PT0");
            awaitState("stopped");
        }
        assertThat(actuator.get("echo").number("$.connections.active")).isZero();
    }

    @Test
    void deleteAndPostMayBeRepeated() {
        for (int i = 0; i < 2; i++) {
            assertThat(actuator.delete("echo").status()).isEqualTo(200);
            awaitState("stopped");
        }
        for (int i = 0; i < 2; i++) {
            assertThat(actuator.post("echo").at("$.state")).isEqualTo("running");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1s", "soon"})
    void refusesAnInvalidTimeout(String timeout) {
        assertThat(actuator.delete("echo?timeout=" + timeout).status()).isEqualTo(400);
        assertThat(actuator.get("echo").at("$.state")).isEqualTo("running");
    }

    @Test
    void healthShowsTheServer() {
        Answer health = actuator.get("health");
        assertThat(health.at("$.components.echo.status")).isEqualTo("UP");
        assertThat(health.at("$.components.echo.details.state")).isEqualTo("running");
        assertThat(actuator.get("health/liveness").body()).doesNotContain("echo");
    }

    private void awaitState(String state) {
        await().atMost(EchoPeer.PATIENCE)
                .untilAsserted(
                        () -> assertThat(actuator.get("echo").at("$.state")).isEqualTo(state));
    }

    private EchoPeer connect() throws IOException {
        return EchoPeer.connect(port());
    }

    private int port() {
        return server.localAddress().getPort();
    }
}
