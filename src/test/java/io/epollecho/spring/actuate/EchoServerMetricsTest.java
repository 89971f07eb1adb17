package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.EchoPeer;
import io.epollecho.server.CloseReason;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.RejectReason;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.search.RequiredSearch;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

class EchoServerMetricsTest {

    private static final String PREFIX = "echo.server.";

    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final EchoServer server =
            EchoServer.start(
                    EchoServerConfig.builder()
                            .port(0)
                            .eventLoops(2)
                            .maxConnections(2)
                            .sendBuffer(16 * 1024)
                            .build());

    EchoServerMetricsTest() {
        new EchoServerMetrics(server).bindTo(registry);
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    @Test
    void haveTheNamesThatDashboardsAskFor() {
        assertThat(registry.getMeters())
                .extracting(meter -> meter.getId().getName().replace(PREFIX, ""))
                .containsOnly(
                        "connections.active",
                        "connections.limit",
                        "connections.accepted",
                        "connections.closed",
                        "connections.rejected",
                        "connection.duration",
                        "data.received",
                        "data.sent",
                        "pending",
                        "accept.errors",
                        "loop.busy",
                        "loop.connections",
                        "loop.selector.rebuilds");
        assertThat(registry.getMeters())
                .allSatisfy(meter -> assertThat(meter.getId().getDescription()).isNotBlank());
    }

    /** A tag that a peer could choose would let it fill the memory of whoever stores the meters. */
    @Test
    void haveNoTagWithoutBounds() {
        assertThat(registry.getMeters())
                .flatExtracting(meter -> meter.getId().getTags())
                .extracting(Tag::getKey)
                .containsOnly("reason", "loop");
        assertThat(registry.find(PREFIX + "connections.closed").meters())
                .extracting(meter -> meter.getId().getTag("reason"))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(CloseReason.values()).map(CloseReason::label).toList());
        assertThat(registry.find(PREFIX + "connections.rejected").meters())
                .extracting(meter -> meter.getId().getTag("reason"))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(RejectReason.values()).map(RejectReason::label).toList());
    }

    @Test
    void countEachConnectionAndEachByte() throws IOException {
        try (EchoPeer first = connect();
                EchoPeer second = connect()) {
            first.exchange(1000);
            second.exchange(234);
            assertThat(gauge("connections.active")).isEqualTo(2);
            assertThat(gauge("connections.limit")).isEqualTo(2);
            assertThat(counter("connections.accepted")).isEqualTo(2);
            assertThat(counter("data.received")).isEqualTo(1234);
            await().untilAsserted(() -> assertThat(counter("data.sent")).isEqualTo(1234));
            for (String loop : new String[] {"0", "1"}) {
                assertThat(meter("loop.connections").tag("loop", loop).gauge().value())
                        .isEqualTo(1);
            }

            try (EchoPeer tooMany = connect()) {
                tooMany.assertEnds();
            }
            assertThat(
                            meter("connections.rejected")
                                    .tag("reason", "limit")
                                    .functionCounter()
                                    .count())
                    .isEqualTo(1);
            assertThat(counter("connections.accepted")).isEqualTo(2);

            first.finish();
            await().untilAsserted(() -> assertThat(gauge("connections.active")).isEqualTo(1));
            assertThat(meter("connections.closed").tag("reason", "peer").functionCounter().count())
                    .isEqualTo(1);
            FunctionTimer duration = meter("connection.duration").functionTimer();
            assertThat(duration.count()).isEqualTo(1);
            assertThat(duration.totalTime(TimeUnit.SECONDS))
                    .isPositive()
                    .isLessThan((double) EchoPeer.PATIENCE.toSeconds());
            assertThat(counter("accept.errors")).isZero();
        }
    }

    @Test
    void pendingShowsWhatAPeerDoesNotTake() throws IOException {
        try (EchoPeer peer = connect()) {
            peer.stall(() -> gauge("pending") > 0);
            assertThat(gauge("pending")).isEqualTo((double) server.statistics().pendingBytes());
            peer.finish();
            await().untilAsserted(() -> assertThat(gauge("pending")).isZero());
            assertThat(counter("data.sent")).isEqualTo(counter("data.received"));
        }
    }

    @Test
    void busyIsAShareOfTime() throws IOException {
        try (EchoPeer peer = connect()) {
            await().atMost(EchoPeer.PATIENCE)
                    .pollDelay(Duration.ZERO)
                    .until(
                            () -> {
                                peer.exchange(60_000);
                                return meter("loop.busy").tag("loop", "0").gauge().value() > 0;
                            });
        }
        assertThat(meter("loop.busy").tag("loop", "0").gauge().value()).isBetween(0.0, 1.0);
    }

    @Test
    void keepTheirNamesAtPrometheus() throws IOException {
        var prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new EchoServerMetrics(server).bindTo(prometheus);
        EchoPeer.assertEchoes(server.localAddress().getPort());
        await().untilAsserted(
                        () ->
                                assertThat(prometheus.scrape().lines())
                                        .contains(
                                                "echo_server_connections_active 0.0",
                                                "echo_server_connections_limit 2.0",
                                                "echo_server_connections_accepted_total 1.0",
                                                "echo_server_connections_closed_total{reason=\"peer\"}"
                                                    + " 1.0",
                                                "echo_server_connections_rejected_total{reason=\"limit\"}"
                                                    + " 0.0",
                                                "echo_server_connection_duration_seconds_count 1",
                                                "echo_server_data_received_bytes_total 1000.0",
                                                "echo_server_data_sent_bytes_total 1000.0",
                                                "echo_server_pending_bytes 0.0",
                                                "echo_server_accept_errors_total 0.0",
                                                "echo_server_loop_connections{loop=\"1\"} 0.0")
                                        .anyMatch(
                                                line ->
                                                        line.startsWith(
                                                                "echo_server_loop_busy{loop=\"0\"}")));
    }

    private EchoPeer connect() throws IOException {
        return EchoPeer.connect(server.localAddress().getPort());
    }

    private double gauge(String name) {
        return meter(name).gauge().value();
    }

    private double counter(String name) {
        return meter(name).functionCounter().count();
    }

    private RequiredSearch meter(String name) {
        return registry.get(PREFIX + name);
    }
}
