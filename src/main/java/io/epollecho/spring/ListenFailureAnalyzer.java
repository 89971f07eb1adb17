package io.epollecho.spring;

import io.epollecho.server.BindFailedException;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.Setting;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

import java.util.Locale;

/** Failure analyzer for an address that the echo server cannot listen on. */
final class ListenFailureAnalyzer extends AbstractFailureAnalyzer<BindFailedException> {

    private static final int FIRST_UNPRIVILEGED_PORT = 1024;

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, BindFailedException cause) {
        return new FailureAnalysis(
                cause.getMessage() + ".", remedy(cause, String.valueOf(cause.getMessage())), cause);
    }

    private static String property(String listener, Setting<?> setting) {
        return listener.equals(EchoServerConfig.DEFAULT_LISTENER)
                ? String.format(Locale.ROOT, "%s.%s", EchoServerProperties.PREFIX, setting.key())
                : String.format(
                        Locale.ROOT,
                        "%s.listeners.%s.%s",
                        EchoServerProperties.PREFIX,
                        listener,
                        setting.key());
    }

    private static String remedy(BindFailedException cause, String reason) {
        String portProperty = property(cause.listener(), Setting.PORT);
        int port = cause.address().getPort();
        if (isInUse(reason)) {
            return String.format(
                    Locale.ROOT,
                    "Stop the process that listens on port %d (ss -ltnp shows it), or set %s to"
                            + " another port, or to 0 for any free one.",
                    port,
                    portProperty);
        }
        if (isForbidden(reason)) {
            return permission(portProperty, port);
        }
        return String.format(
                Locale.ROOT,
                "Set %s to an address of this machine (ip address shows them), or remove it to"
                        + " listen on all addresses.",
                property(cause.listener(), Setting.ADDRESS));
    }

    static boolean isInUse(String reason) {
        return reason.toLowerCase(Locale.ROOT).contains("in use");
    }

    static boolean isForbidden(String reason) {
        return reason.toLowerCase(Locale.ROOT).contains("permission denied");
    }

    /** Returns the remedy for a port that the process may not use. */
    static String permission(String portProperty, int port) {
        return port < FIRST_UNPRIVILEGED_PORT
                ? String.format(
                        Locale.ROOT,
                        "Ports below %d require the capability CAP_NET_BIND_SERVICE. Set %s to a"
                                + " higher port, or grant the capability to the process.",
                        FIRST_UNPRIVILEGED_PORT,
                        portProperty)
                : String.format(
                        Locale.ROOT,
                        "Set %s to a port that the process may use, or remove the restriction on"
                                + " port %d.",
                        portProperty,
                        port);
    }
}
