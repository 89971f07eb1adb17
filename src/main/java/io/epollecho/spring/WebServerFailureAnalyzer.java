package io.epollecho.spring;

import io.epollecho.server.SocketAddresses;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.context.ApplicationContextException;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;

/**
 * Explains that the web server, or that of the management endpoints, cannot listen on its address,
 * before Spring Boot explains without the name of a property that a port is in use.
 */
final class WebServerFailureAnalyzer extends AbstractFailureAnalyzer<BindException>
        implements Ordered {

    /** Compared by name, because a host need not have a web server. */
    private static final String WEB_SERVER_EXCEPTION =
            "org.springframework.boot.web.server.WebServerException";

    private static final int DEFAULT_PORT = 8080;

    private final Environment environment;

    WebServerFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
        boolean ofWebServer = false;
        int contexts = 0;
        for (Throwable next = rootFailure; next != null; next = next.getCause()) {
            ofWebServer |= isOfWebServer(next.getClass());
            contexts += next instanceof ApplicationContextException ? 1 : 0;
        }
        String reason = String.valueOf(cause.getMessage());
        if (!ofWebServer) {
            return null;
        }
        // A management server on a port of its own has a context within that of the application.
        boolean management = contexts > 1;
        String group = management ? "management.server" : "server";
        Binder binder = Binder.get(environment);
        int port = binder.bind(group + ".port", Integer.class).orElse(DEFAULT_PORT);
        InetAddress address = binder.bind(group + ".address", InetAddress.class).orElse(null);
        return new FailureAnalysis(
                String.format(
                        Locale.ROOT,
                        "The %s server cannot listen on %s: %s.",
                        management ? "management" : "web",
                        address == null
                                ? "port " + port
                                : SocketAddresses.format(new InetSocketAddress(address, port)),
                        reason),
                remedy(group, port, reason),
                cause);
    }

    private static String remedy(String group, int port, String reason) {
        if (ListenFailureAnalyzer.isInUse(reason)) {
            return String.format(
                    Locale.ROOT,
                    "Stop the process that listens on port %d (ss -ltnp shows it), or set %s.port"
                            + " to another port, such as --%2$s.port=%d.",
                    port,
                    group,
                    port + 1);
        }
        if (ListenFailureAnalyzer.isForbidden(reason)) {
            return ListenFailureAnalyzer.permission(group + ".port", port);
        }
        return String.format(
                Locale.ROOT,
                "Set %s.address to an address of this machine (ip address shows them), or remove"
                        + " it for the default.",
                group);
    }

    /** Returns whether an exception is of this type or of one below it, such as a port in use. */
    private static boolean isOfWebServer(@Nullable Class<?> type) {
        return type != null
                && (type.getName().equals(WEB_SERVER_EXCEPTION)
                        || isOfWebServer(type.getSuperclass()));
    }
}
