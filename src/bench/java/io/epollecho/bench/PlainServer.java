package io.epollecho.bench;

import io.epollecho.server.ClientAuth;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.SelectorBackend;
import io.epollecho.server.TlsConfig;
import io.epollecho.server.TriggerMode;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/**
 * This project's server without Spring. Arguments: selector, port, event loops, and for TLS the TLS
 * port and the certificate file.
 */
final class PlainServer {

    /** The default selector with busy polling. */
    static final String BUSY = "busy";

    private static final Duration BUSY_POLL =
            Duration.of(Long.parseLong(Contenders.BUSY_MICROS), ChronoUnit.MICROS);
    private static final int BACKLOG = 4096;
    private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(30);

    private PlainServer() {}

    static void main(String[] args) throws IOException, GeneralSecurityException {
        EchoServerConfig.Builder config =
                EchoServerConfig.builder()
                        .selector(selector(args[0]))
                        .port(Integer.parseInt(args[1]))
                        .backlog(BACKLOG)
                        .eventLoops(Integer.parseInt(args[2]))
                        .busyPoll(args[0].equals(BUSY) ? BUSY_POLL : Duration.ZERO)
                        .maxConnections(Contenders.MAX_CONNECTIONS);
        if (args.length > 3) {
            config.listener("tls", tls(Integer.parseInt(args[3]), Path.of(args[4])));
        }
        EchoServer.start(config.build());
    }

    private static SelectorBackend selector(String name) {
        return switch (name) {
            case "jdk" -> SelectorBackend.jdk();
            case "level" -> SelectorBackend.epoll(TriggerMode.LEVEL);
            case "edge", BUSY -> SelectorBackend.epoll(TriggerMode.EDGE);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static ListenerConfig tls(int port, Path file)
            throws IOException, GeneralSecurityException {
        SSLContext context = Certificate.load(file).context();
        var tls =
                new TlsConfig(
                        () -> {
                            SSLEngine engine = context.createSSLEngine();
                            engine.setEnabledProtocols(new String[] {Certificate.PROTOCOL});
                            engine.setEnabledCipherSuites(new String[] {Certificate.CIPHER_SUITE});
                            return engine;
                        },
                        ClientAuth.NONE,
                        HANDSHAKE_TIMEOUT);
        return new ListenerConfig(null, port, BACKLOG).withTls(tls);
    }
}
