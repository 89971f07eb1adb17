package io.epollecho.spring.actuate;

import io.epollecho.server.CloseReason;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerStatistics;
import io.epollecho.server.RejectReason;
import io.epollecho.spring.CertificateRenewals;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * The meters {@code echo.server.*}. When a registry collects them, they read counters that the
 * event loops maintain anyway, so they do not slow down the echo.
 *
 * <p>The meters of connections have the tag {@code listener}, whose values are the names in the
 * configuration. No tag has values that a peer could choose.
 */
public final class EchoServerMetrics implements MeterBinder {

    private static final String PREFIX = "echo.server.";
    private static final String LISTENER = "listener";
    private static final double NANOS_PER_SECOND = 1e9;

    private final EchoServer server;
    private final CertificateRenewals renewals;

    /**
     * Creates the meters of a server.
     *
     * @param server the server
     * @param renewals the renewals of its certificates
     */
    public EchoServerMetrics(EchoServer server, CertificateRenewals renewals) {
        this.server = server;
        this.renewals = renewals;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        bindLimits(registry);
        FunctionCounter.builder(PREFIX + "access.log.dropped", server, EchoServer::accessLogDropped)
                .description("Access log lines dropped because the writer fell behind")
                .register(registry);
        for (String listener : server.config().listeners().keySet()) {
            bindConnections(registry, listener);
            bindBytes(registry, listener);
        }
        if (server.config().listeners().values().stream().anyMatch(each -> each.tls() != null)) {
            bindRenewals(registry, "succeeded", CertificateRenewals::succeeded);
            bindRenewals(registry, "failed", CertificateRenewals::failed);
        }
        for (int loop = 0; loop < server.config().eventLoops(); loop++) {
            bindLoop(registry, loop);
        }
    }

    private void bindRenewals(
            MeterRegistry registry, String result, ToDoubleFunction<CertificateRenewals> figure) {
        FunctionCounter.builder(PREFIX + "tls.certificate.renewals", renewals, figure)
                .description("Renewals of the certificates of listeners")
                .tag("result", result)
                .register(registry);
    }

    private void bindLimits(MeterRegistry registry) {
        Gauge.builder(PREFIX + "connections.limit", server, EchoServer::maxConnections)
                .description("Maximum number of open connections, over all listeners")
                .register(registry);
        Gauge.builder(PREFIX + "pending.limit", server, server -> server.config().maxPending())
                .description("Maximum number of pending bytes, over all listeners")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
    }

    private void bindConnections(MeterRegistry registry, String listener) {
        gauge("connections.active", listener, EchoServerStatistics::active)
                .description("Open connections")
                .register(registry);
        counter("connections.accepted", listener, EchoServerStatistics::accepted)
                .description("Accepted connections")
                .register(registry);
        for (CloseReason reason : CloseReason.values()) {
            counter("connections.closed", listener, figures -> count(figures.closed(), reason))
                    .description("Closed connections")
                    .tag("reason", reason.label())
                    .register(registry);
        }
        for (RejectReason reason : RejectReason.values()) {
            counter("connections.rejected", listener, figures -> count(figures.rejected(), reason))
                    .description("Rejected connections")
                    .tag("reason", reason.label())
                    .register(registry);
        }
        FunctionTimer.builder(
                        PREFIX + "connection.duration",
                        server,
                        server -> statistics(server, listener).closedTotal(),
                        server -> statistics(server, listener).connectionTime().toNanos(),
                        TimeUnit.NANOSECONDS)
                .description("Duration of closed connections")
                .tag(LISTENER, listener)
                .register(registry);
        if (server.config().listener(listener).tls() != null) {
            bindHandshakes(registry, listener);
        }
        counter("accept.errors", listener, EchoServerStatistics::acceptErrors)
                .description("Failed attempts to accept a connection")
                .register(registry);
    }

    private void bindHandshakes(MeterRegistry registry, String listener) {
        FunctionTimer.builder(
                        PREFIX + "tls.handshake",
                        server,
                        server -> statistics(server, listener).handshakes(),
                        server -> statistics(server, listener).handshakeTime().toNanos(),
                        TimeUnit.NANOSECONDS)
                .description("Duration of TLS handshakes, from the accept")
                .tag(LISTENER, listener)
                .register(registry);
    }

    private void bindBytes(MeterRegistry registry, String listener) {
        counter("data.received", listener, EchoServerStatistics::bytesReceived)
                .description("Bytes read from peers")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
        counter("data.sent", listener, EchoServerStatistics::bytesSent)
                .description("Bytes written to peers")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
        gauge("pending", listener, EchoServerStatistics::pendingBytes)
                .description("Bytes waiting to be sent to slow peers")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
    }

    private void bindLoop(MeterRegistry registry, int loop) {
        var busy = new BusyShare(() -> server.statisticsByLoop().get(loop).busyTime());
        Gauge.builder(PREFIX + "loop.busy", busy::getAsDouble)
                .description("Share of time that the event loop spends on work rather than waiting")
                .tag("loop", Integer.toString(loop))
                .register(registry);
        FunctionCounter.builder(
                        PREFIX + "loop.polling",
                        server,
                        server ->
                                server.statisticsByLoop().get(loop).pollingTime().toNanos()
                                        / NANOS_PER_SECOND)
                .description("Time that the event loop spends polling instead of sleeping")
                .baseUnit("seconds")
                .tag("loop", Integer.toString(loop))
                .register(registry);
        FunctionCounter.builder(
                        PREFIX + "loop.selector.rebuilds",
                        server,
                        server -> server.statisticsByLoop().get(loop).selectorRebuilds())
                .description("Selectors rebuilt because they repeatedly returned early")
                .tag("loop", Integer.toString(loop))
                .register(registry);
        Gauge.builder(
                        PREFIX + "loop.connections",
                        server,
                        server -> server.statisticsByLoop().get(loop).total().active())
                .description("Open connections of the event loop")
                .tag("loop", Integer.toString(loop))
                .register(registry);
    }

    private Gauge.Builder<EchoServer> gauge(
            String name, String listener, ToDoubleFunction<EchoServerStatistics> figure) {
        return Gauge.builder(
                        PREFIX + name,
                        server,
                        server -> figure.applyAsDouble(statistics(server, listener)))
                .tag(LISTENER, listener);
    }

    private FunctionCounter.Builder<EchoServer> counter(
            String name, String listener, ToDoubleFunction<EchoServerStatistics> figure) {
        return FunctionCounter.builder(
                        PREFIX + name,
                        server,
                        server -> figure.applyAsDouble(statistics(server, listener)))
                .tag(LISTENER, listener);
    }

    private static EchoServerStatistics statistics(EchoServer server, String listener) {
        return Objects.requireNonNull(server.statisticsByListener().get(listener), listener);
    }

    private static <E> double count(Map<E, Long> counts, E reason) {
        @Nullable Long count = counts.get(reason);
        return count == null ? 0 : count;
    }
}
