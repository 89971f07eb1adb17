package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.epollecho.Ports;
import io.epollecho.stream.Certificates;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** The server as an object. */
class EchoServerTest {

    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    @Test
    void toStringHasTheConfiguredAddressesUntilTheServerIsStarted() {
        var config =
                EchoServerConfig.builder()
                        .listener("second", new ListenerConfig(InetAddress.ofLiteral("::1"), 0, 10))
                        .build();
        assertThat(new EchoServer(config))
                .hasToString("EchoServer[stopped, default=0.0.0.0:7777, second=[::1]:0]");
    }

    @Test
    void toStringHasTheBoundAddressesWhileTheServerRuns() {
        var config =
                EchoServerConfig.builder()
                        .address(LOOPBACK)
                        .port(0)
                        .listener("second", new ListenerConfig(LOOPBACK, 0, 10))
                        .build();
        try (EchoServer server = EchoServer.start(config)) {
            var addresses = server.localAddresses();
            assertThat(server)
                    .hasToString(
                            "EchoServer[running, default=127.0.0.1:%d, second=127.0.0.1:%d]"
                                    .formatted(
                                            addresses.firstEntry().getValue().getPort(),
                                            addresses.lastEntry().getValue().getPort()));
            server.stop();
            assertThat(server)
                    .as("the next start takes other free ports")
                    .hasToString("EchoServer[stopped, default=127.0.0.1:0, second=127.0.0.1:0]");
        }
    }

    /** A port would look open, and every client would fail. */
    @Test
    void aServerWithWhichNoHandshakeSucceedsOpensNoPort() throws IOException {
        int port = Ports.free();
        TlsConfig unusable =
                TlsConfig.of(Certificates.mixedContext(Certificates.SERVER, Certificates.RENEWED));
        var server =
                new EchoServer(
                        EchoServerConfig.builder()
                                .address(LOOPBACK)
                                .port(port)
                                .listener(
                                        "secure",
                                        new ListenerConfig(LOOPBACK, 0, 10).withTls(unusable))
                                .build());
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(server::start)
                .withMessageContaining("listeners.secure.tls")
                .withMessageContaining("no client can complete a handshake");
        assertThat(server.state()).isNotEqualTo(EchoServerState.RUNNING);
        new ServerSocket(port, 1, LOOPBACK).close();
    }
}
