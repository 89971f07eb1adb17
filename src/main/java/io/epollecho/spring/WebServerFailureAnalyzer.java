package io.epollecho.spring;

import io.epollecho.server.SocketAddresses;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.context.ApplicationContextException;
import org.springframework.core.env.Environment;

import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;

/**
 * Explains that the web server, or that of the management endpoints, cannot listen on its address.
 * Spring Boot explains only that a port is in use.
 */
final class WebServerFailureAnalyzer extends AbstractFailureAnalyzer<BindException> {

    /** Compared by name, because a host need not have a web server. */
    private static final String WEB_SERVER_EXCEPTION =
            "org.springframework.boot.web.server.WebServerException";

    private static final int DEFAULT_PORT = 8080;

    private final Environment environment;

    WebServerFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
        boolean ofWebServer = false;
        int contexts = 0;
        for (Throwable next = rootFailure; next != null; next = next.getCause()) {
            ofWebServer |= next.getClass().getName().equals(WEB_SERVER_EXCEPTION);
            contexts += next instanceof ApplicationContextException ? 1 : 0;
        }
        String reason = String.valueOf(cause.getMessage());
        if (!ofWebServer || ListenFailureAnalyzer.isInUse(reason)) {
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
                ListenFailureAnalyzer.isForbidden(reason)
                        ? ListenFailureAnalyzer.permission(group + ".port", port)
                        : String.format(
                                Locale.ROOT,
                                "Set %s.address to an address of this machine (ip address shows"
                                        + " them), or remove it for the default.",
                                group),
                cause);
    }
}
