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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * An HTTP server that serves metrics to Prometheus at {@code /metrics}. Each connection has a
 * thread of its own, so that a client that sends half a request keeps no other one waiting.
 */
final class MetricsServer {

    private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final int OK = 200;
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final int NO_BODY = -1;

    static {
        // The JDK reads these limits when the first server of the process is created.
        limit("sun.net.httpserver.maxReqTime", "5"); // seconds to send a request
        limit("sun.net.httpserver.maxRspTime", "10"); // seconds to read the response
        limit("jdk.httpserver.maxConnections", "100");
    }

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer server;

    MetricsServer(int port, MultiCollector metrics) throws IOException {
        registry.getPrometheusRegistry().register(metrics);
        server = HttpServer.create(new InetSocketAddress(port), 0);
        server.setExecutor(threads);
        server.createContext("/metrics", this::answer);
        server.start();
    }

    private static void limit(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean head = exchange.getRequestMethod().equals("HEAD");
            if (!head && !exchange.getRequestMethod().equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                exchange.sendResponseHeaders(METHOD_NOT_ALLOWED, NO_BODY);
                return;
            }
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
            exchange.sendResponseHeaders(OK, head ? NO_BODY : body.length);
            if (!head) {
                exchange.getResponseBody().write(body);
            }
        }
    }

    void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
