package io.epollecho.probe;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** An HTTP server that serves metrics to Prometheus at {@code /metrics}, on its own thread. */
final class MetricsServer {

    private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final HttpServer server;

    MetricsServer(int port, MultiCollector metrics) throws IOException {
        registry.getPrometheusRegistry().register(metrics);
        server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/metrics", this::answer);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String accepted =
                    Objects.requireNonNullElse(
                            exchange.getRequestHeaders().getFirst("Accept"), TEXT);
            boolean open = accepted.contains("application/openmetrics-text");
            String type = open ? accepted : TEXT;
            byte[] body = registry.scrape(type).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders()
                    .set(
                            "Content-Type",
                            open
                                    ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                    : TEXT);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    void close() {
        server.stop(0);
    }
}
