package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.EchoPeer;
import io.epollecho.server.CloseReason;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.RejectReason;
import io.epollecho.spring.CertificateRenewals;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Meter;
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
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

class EchoServerMetricsTest {

    private static final String PREFIX = "echo.server.";
    private static final String DEFAULT = EchoServerConfig.DEFAULT_LISTENER;
    private static final String SECOND = "second";
    private static final long MAX_PENDING = 10_000_000;

    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final EchoServer server =
            EchoServer.start(
                    EchoServerConfig.builder()
                            .port(0)
                            .listener(SECOND, new ListenerConfig(null, 0, 128))
                            .eventLoops(2)
                            .maxConnections(2)
                            .maxPending(MAX_PENDING)
                            .sendBuffer(16 * 1024)
                            .build());

    EchoServerMetricsTest() {
        new EchoServerMetrics(server, new CertificateRenewals()).bindTo(registry);
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    @Test
    void haveTheNamesUsedByDashboards() {
        assertThat(registry.getMeters())
                .extracting(meter -> meter.getId().getName().replace(PREFIX, ""))
                .containsOnly(
                        "connections.active",
                        "connections.limit",
                        "pending.limit",
                        "connections.accepted",
                        "connections.closed",
                        "connections.rejected",
                        "connection.duration",
                        "data.received",
                        "data.sent",
                        "pending",
                        "accept.errors",
                        "access.log.dropped",
                        "loop.busy",
                        "loop.connections",
                        "loop.polling",
                        "loop.selector.rebuilds");
        assertThat(registry.getMeters())
                .allSatisfy(meter -> assertThat(meter.getId().getDescription()).isNotBlank());
    }

    /** With a tag that a peer can choose, the peer could exhaust the memory of the registry. */
    @Test
    void haveNoUnboundedTags() {
        assertThat(registry.getMeters())
                .flatExtracting(meter -> meter.getId().getTags())
                .extracting(Tag::getKey)
                .containsOnly("listener", "reason", "loop");
        assertThat(registry.getMeters())
                .extracting(meter -> meter.getId().getTag("listener"))
                .containsOnly(null, DEFAULT, SECOND);
        assertThat(registry.find(PREFIX + "connections.closed").tag("listener", SECOND).meters())
                .extracting(meter -> meter.getId().getTag("reason"))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(CloseReason.values()).map(CloseReason::label).toList());
        assertThat(registry.find(PREFIX + "connections.rejected").tag("listener", SECOND).meters())
                .extracting(meter -> meter.getId().getTag("reason"))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(RejectReason.values()).map(RejectReason::label).toList());
    }

    /** If a meter had the tag for some listeners only, sums over all listeners would be wrong. */
    @Test
    void areTaggedByListenerUnlessListenersShareThem() {
        for (String listener : List.of(DEFAULT, SECOND)) {
            assertThat(
                            registry.getMeters().stream()
                                    .map(Meter::getId)
                                    .filter(id -> listener.equals(id.getTag("listener")))
                                    .map(id -> id.getName().replace(PREFIX, "")))
                    .containsOnly(
                            "connections.active",
                            "connections.accepted",
                            "connections.closed",
                            "connections.rejected",
                            "connection.duration",
                            "data.received",
                            "data.sent",
                            "pending",
                            "accept.errors");
        }
        assertThat(
                        registry.getMeters().stream()
                                .map(Meter::getId)
                                .filter(id -> id.getTag("listener") == null)
                                .map(id -> id.getName().replace(PREFIX, "")))
                .containsOnly(
                        "connections.limit",
                        "pending.limit",
                        "access.log.dropped",
                        "loop.busy",
                        "loop.connections",
                        "loop.polling",
                        "loop.selector.rebuilds");
    }

    @Test
    void areTaggedByListenerEvenIfThereIsOnlyOne() {
        var single = new SimpleMeterRegistry();
        new EchoServerMetrics(
                        new EchoServer(EchoServerConfig.defaults()), new CertificateRenewals())
                .bindTo(single);
        assertThat(single.get(PREFIX + "connections.active").gauges())
                .singleElement()
                .extracting(gauge -> gauge.getId().getTag("listener"))
                .isEqualTo("default");
    }

    @Test
    void countTheConnectionsOfEachListener() throws IOException {
        try (EchoPeer peer = EchoPeer.connect(port(SECOND))) {
            peer.exchange(567);
            assertThat(gauge("connections.active", SECOND)).isEqualTo(1);
            assertThat(gauge("connections.active", DEFAULT)).isZero();
            assertThat(counter("data.received", SECOND)).isEqualTo(567);
            assertThat(counter("data.received", DEFAULT)).isZero();
            peer.finish();
        }
        await().untilAsserted(() -> assertThat(duration(SECOND).count()).isEqualTo(1));
        assertThat(duration(DEFAULT).count()).isZero();
    }

    @Test
    void countEachConnectionAndEachByte() throws IOException {
        try (EchoPeer first = connect();
                EchoPeer second = connect()) {
            first.exchange(1000);
            second.exchange(234);
            assertThat(gauge("connections.active", DEFAULT)).isEqualTo(2);
            assertThat(meter("connections.limit").gauge().value()).isEqualTo(2);
            assertThat(meter("pending.limit").gauge().value()).isEqualTo(MAX_PENDING);
            assertThat(counter("connections.accepted", DEFAULT)).isEqualTo(2);
            assertThat(counter("data.received", DEFAULT)).isEqualTo(1234);
            await().untilAsserted(() -> assertThat(counter("data.sent", DEFAULT)).isEqualTo(1234));
            for (String loop : new String[] {"0", "1"}) {
                assertThat(meter("loop.connections").tag("loop", loop).gauge().value())
                        .isEqualTo(1);
            }

            try (EchoPeer tooMany = connect()) {
                tooMany.assertEnds();
            }
            assertThat(
                            meter("connections.rejected")
                                    .tag("listener", DEFAULT)
                                    .tag("reason", "limit")
                                    .functionCounter()
                                    .count())
                    .isEqualTo(1);
            assertThat(counter("connections.accepted", DEFAULT)).isEqualTo(2);

            first.finish();
            await().untilAsserted(
                            () -> assertThat(gauge("connections.active", DEFAULT)).isEqualTo(1));
            assertThat(
                            meter("connections.closed")
                                    .tag("listener", DEFAULT)
                                    .tag("reason", "peer")
                                    .functionCounter()
                                    .count())
                    .isEqualTo(1);
            FunctionTimer duration = duration(DEFAULT);
            assertThat(duration.count()).isEqualTo(1);
            assertThat(duration.totalTime(TimeUnit.SECONDS))
                    .isPositive()
                    .isLessThan((double) EchoPeer.PATIENCE.toSeconds());
            assertThat(counter("accept.errors", DEFAULT)).isZero();
        }
    }

    @Test
    void pendingCountsBytesForAStalledPeer() throws IOException {
        try (EchoPeer peer = connect()) {
            peer.stall(() -> gauge("pending", DEFAULT) > 0);
            assertThat(gauge("pending", DEFAULT))
                    .isEqualTo((double) server.statistics().pendingBytes());
            peer.finish();
            await().untilAsserted(() -> assertThat(gauge("pending", DEFAULT)).isZero());
            assertThat(counter("data.sent", DEFAULT)).isEqualTo(counter("data.received", DEFAULT));
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
    void haveStableNamesInPrometheus() throws IOException {
        var prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new EchoServerMetrics(server, new CertificateRenewals()).bindTo(prometheus);
        EchoPeer.assertEchoes(server.localAddress().getPort());
        await().untilAsserted(
                        () ->
                                assertThat(prometheus.scrape().lines())
                                        .contains(
                                                "echo_server_connections_active{listener=\"default\"}"
                                                    + " 0.0",
                                                "echo_server_connections_limit 2.0",
                                                "echo_server_pending_limit_bytes 1.0E7",
                                                "echo_server_connections_accepted_total{listener=\"default\"}"
                                                    + " 1.0",
                                                "echo_server_connections_closed_total{listener=\"default\",reason=\"peer\"}"
                                                    + " 1.0",
                                                "echo_server_connections_rejected_total{listener=\"default\",reason=\"limit\"}"
                                                    + " 0.0",
                                                "echo_server_connection_duration_seconds_count{listener=\"default\"}"
                                                    + " 1",
                                                "echo_server_data_received_bytes_total{listener=\"default\"}"
                                                    + " 1000.0",
                                                "echo_server_data_sent_bytes_total{listener=\"default\"}"
                                                    + " 1000.0",
                                                "echo_server_pending_bytes{listener=\"default\"}"
                                                        + " 0.0",
                                                "echo_server_accept_errors_total{listener=\"default\"}"
                                                    + " 0.0",
                                                "echo_server_loop_connections{loop=\"1\"} 0.0")
                                        .anyMatch(
                                                line ->
                                                        line.startsWith(
                                                                "echo_server_loop_busy{loop=\"0\"}")));
    }

    private EchoPeer connect() throws IOException {
        return EchoPeer.connect(port(DEFAULT));
    }

    private int port(String listener) {
        return Objects.requireNonNull(server.localAddresses().get(listener)).getPort();
    }

    private double gauge(String name, String listener) {
        return meter(name).tag("listener", listener).gauge().value();
    }

    private double counter(String name, String listener) {
        return meter(name).tag("listener", listener).functionCounter().count();
    }

    private FunctionTimer duration(String listener) {
        return meter("connection.duration").tag("listener", listener).functionTimer();
    }

    private RequiredSearch meter(String name) {
        return registry.get(PREFIX + name);
    }
}
