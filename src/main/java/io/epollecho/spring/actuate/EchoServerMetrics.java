package io.epollecho.spring.actuate;

import io.epollecho.server.CloseReason;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerStatistics;
import io.epollecho.server.RejectReason;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * The meters {@code echo.server.*}. They read what the loops count anyway, when a registry asks; an
 * echo pays nothing for them. No tag has a value that a peer could choose.
 */
public final class EchoServerMetrics implements MeterBinder {

    private static final String PREFIX = "echo.server.";

    private final EchoServer server;

    /**
     * Measures a server.
     *
     * @param server the server
     */
    public EchoServerMetrics(EchoServer server) {
        this.server = server;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        bindConnections(registry);
        bindBytes(registry);
        for (int loop = 0; loop < server.config().eventLoops(); loop++) {
            bindLoop(registry, loop);
        }
    }

    private void bindConnections(MeterRegistry registry) {
        gauge("connections.active", EchoServerStatistics::active)
                .description("Connections that are open")
                .register(registry);
        Gauge.builder(PREFIX + "connections.limit", server, EchoServer::maxConnections)
                .description("Connections that may be open at once")
                .register(registry);
        counter("connections.accepted", EchoServerStatistics::accepted)
                .description("Connections taken on")
                .register(registry);
        for (CloseReason reason : CloseReason.values()) {
            counter("connections.closed", statistics -> count(statistics.closed(), reason))
                    .description("Connections closed")
                    .tag("reason", reason.label())
                    .register(registry);
        }
        for (RejectReason reason : RejectReason.values()) {
            counter("connections.rejected", statistics -> count(statistics.rejected(), reason))
                    .description("Connections turned away")
                    .tag("reason", reason.label())
                    .register(registry);
        }
        FunctionTimer.builder(
                        PREFIX + "connection.duration",
                        server,
                        server -> server.statistics().closedTotal(),
                        server -> server.statistics().connectionTime().toNanos(),
                        TimeUnit.NANOSECONDS)
                .description("How long closed connections were open")
                .register(registry);
        counter("accept.errors", EchoServerStatistics::acceptErrors)
                .description("Failed attempts to accept a connection")
                .register(registry);
    }

    private void bindBytes(MeterRegistry registry) {
        counter("data.received", EchoServerStatistics::bytesReceived)
                .description("Bytes read from peers")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
        counter("data.sent", EchoServerStatistics::bytesSent)
                .description("Bytes written to peers")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
        gauge("pending", EchoServerStatistics::pendingBytes)
                .description("Bytes that wait for slow peers to take them")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
    }

    private void bindLoop(MeterRegistry registry, int loop) {
        var busy = new BusyShare(() -> server.statisticsByLoop().get(loop).busyTime());
        Gauge.builder(PREFIX + "loop.busy", busy::getAsDouble)
                .description(
                        "Share of time that the loop spends on work rather than on waiting for it")
                .tag("loop", Integer.toString(loop))
                .register(registry);
        FunctionCounter.builder(
                        PREFIX + "loop.selector.rebuilds",
                        server,
                        server -> server.statisticsByLoop().get(loop).selectorRebuilds())
                .description("Selectors replaced as they returned early over and over")
                .tag("loop", Integer.toString(loop))
                .register(registry);
        Gauge.builder(
                        PREFIX + "loop.connections",
                        server,
                        server -> server.statisticsByLoop().get(loop).total().active())
                .description("Connections that live on the loop")
                .tag("loop", Integer.toString(loop))
                .register(registry);
    }

    private Gauge.Builder<EchoServer> gauge(
            String name, ToDoubleFunction<EchoServerStatistics> figure) {
        return Gauge.builder(
                PREFIX + name, server, server -> figure.applyAsDouble(server.statistics()));
    }

    private FunctionCounter.Builder<EchoServer> counter(
            String name, ToDoubleFunction<EchoServerStatistics> figure) {
        return FunctionCounter.builder(
                PREFIX + name, server, server -> figure.applyAsDouble(server.statistics()));
    }

    private static <E> double count(Map<E, Long> counts, E reason) {
        @Nullable Long count = counts.get(reason);
        return count == null ? 0 : count;
    }
}
