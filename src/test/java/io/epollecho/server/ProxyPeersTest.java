package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;

import io.epollecho.Ports;
import io.epollecho.stream.Certificates;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** HAProxy in front of the server, and curl in the role of a proxy. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
@ExtendWith(OwnThreads.class)
class ProxyPeersTest {

    private static final String TLS = "tls";

    @TempDir private Path directory;

    private EchoServer server;

    @BeforeEach
    void start() throws Exception {
        Files.writeString(authority(), Certificates.authorityAsPem());
        var listener =
                new ListenerConfig(InetAddress.getLoopbackAddress(), 0, 100)
                        .withProxyProtocol(ProxyProtocolConfig.defaults())
                        .withGreeting(Greeting.IDENTITY);
        server =
                EchoServer.start(
                        Backend.EPOLL_EDGE
                                .settings()
                                .proxyProtocol(listener.proxyProtocol())
                                .greeting(Greeting.IDENTITY)
                                .listener(TLS, listener.withTls(Transport.serverTls()))
                                .build());
    }

    @AfterEach
    void stop() {
        server.stop();
        assertThat(server.statistics().active()).isZero();
        assertThat(server.statistics().pendingBytes()).isZero();
    }

    private Path authority() {
        return directory.resolve("authority.pem");
    }

    private int port(boolean tls) {
        return (tls ? Servers.address(server, TLS) : server.localAddress()).getPort();
    }

    private String verified() {
        return "ssl verify required ca-file %s verifyhost %s sni str(%s)"
                .formatted(authority(), Certificates.HOST, Certificates.HOST);
    }

    /** An HAProxy process with one backend, the server, and the address of its frontend. */
    private record HaProxy(Program program, InetSocketAddress address, Path socket)
            implements AutoCloseable {

        /** Returns the status line of the server according to HAProxy's health checks. */
        String serverState() throws IOException {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                channel.write(ByteBuffer.wrap("show stat\n".getBytes(StandardCharsets.US_ASCII)));
                var answer =
                        new String(
                                Channels.newInputStream(channel).readAllBytes(),
                                StandardCharsets.US_ASCII);
                return answer.lines()
                        .filter(line -> line.startsWith("way,echo,"))
                        .findFirst()
                        .orElseThrow();
            }
        }

        @Override
        public void close() {
            program.close();
        }
    }

    private HaProxy startHaProxy(boolean tls, String options) throws Exception {
        Program.require("haproxy", "-v");
        InetAddress loopback = InetAddress.getLoopbackAddress();
        int free = Ports.free();
        Path control = directory.resolve("control");
        Path config = directory.resolve("haproxy.cfg");
        Files.writeString(
                config,
                """
                global
                    stats socket %s
                defaults
                    mode tcp
                    timeout connect 10s
                    timeout client 60s
                    timeout server 60s
                frontend way-in
                    bind 127.0.0.1:%d
                    default_backend way
                backend way
                    server echo 127.0.0.1:%d %s
                """
                        .formatted(control, free, port(tls), options));
        var address = new InetSocketAddress(loopback, free);
        var proxy =
                new HaProxy(
                        Program.start(List.of("haproxy", "-db", "-f", config.toString())),
                        address,
                        control);
        await().ignoreException(ConnectException.class)
                .until(
                        () -> {
                            assertThat(proxy.program.isAlive()).isTrue();
                            return Files.exists(control);
                        });
        return proxy;
    }

    @ParameterizedTest
    @ValueSource(strings = {"send-proxy", "send-proxy-v2", "send-proxy-v2 crc32c"})
    void echoesThroughHaProxy(String header) throws Exception {
        String options =
                header.endsWith("crc32c")
                        ? "send-proxy-v2 proxy-v2-options crc32c,unique-id"
                        : header;
        try (HaProxy proxy = startHaProxy(false, options);
                Peer peer = new Peer(1, proxy.address, null, 0, 0)) {
            JsonNode greeting = JsonMapper.shared().readTree(peer.receiveLine());
            assertThat(greeting.path("peer").asString())
                    .isEqualTo("127.0.0.1:" + peer.socketAddress().getPort());
            assertThat(greeting.path("proxy").asString()).startsWith("127.0.0.1:");
            echoToEnd(peer);
        }
        Servers.awaitClosed(server, CloseReason.PEER, 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"send-proxy", "send-proxy-v2"})
    void echoesThroughHaProxyOverTls(String header) throws Exception {
        try (HaProxy proxy = startHaProxy(true, header + " " + verified());
                Peer peer = new Peer(1, proxy.address, null, 0, 0)) {
            JsonNode greeting = JsonMapper.shared().readTree(peer.receiveLine());
            assertThat(greeting.path("listener").asString()).isEqualTo(TLS);
            assertThat(greeting.path("peer").asString())
                    .isEqualTo("127.0.0.1:" + peer.socketAddress().getPort());
            assertThat(greeting.path("tls").path("protocol").asString()).isEqualTo("TLSv1.3");
            assertThat(greeting.path("tls").path("serverName").asString())
                    .isEqualTo(Certificates.HOST);
            echoToEnd(peer);
        }
        Servers.awaitClosed(server, CloseReason.PEER, 1);
    }

    private static void echoToEnd(Peer peer) throws IOException {
        var writer =
                Background.run(
                        () -> {
                            peer.send(4 << 20);
                            peer.endOutput();
                        });
        peer.receiveAllToEnd();
        Background.join(writer);
        assertThat(peer.received()).isEqualTo(4 << 20);
    }

    /** Frequent health checks find the server up and cause no warnings. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "send-proxy check",
                "send-proxy-v2 check",
                "send-proxy-v2 check no-check-ssl",
                "send-proxy-v2 check verified"
            })
    void isHealthyToHaProxy(String checks) throws Exception {
        boolean tls = checks.endsWith("verified");
        String options =
                (tls ? checks.replace("verified", verified()) : checks) + " inter 500ms fall 100";
        try (var log = new CapturedLog();
                HaProxy proxy = startHaProxy(tls, options)) {
            await().until(() -> server.statistics().accepted() >= 4);
            await().untilAsserted(
                            () ->
                                    assertThat(proxy.serverState())
                                            .contains(",UP,")
                                            .contains(tls ? "L6OK" : "L4OK"));
            assertThat(log.events())
                    .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                    .isEmpty();
        }
    }

    /** The echo of a request is not an HTTP response; curl accepts it as HTTP/0.9. */
    @ParameterizedTest
    @ValueSource(strings = {"http", "https"})
    void curlPlaysTheProxy(String scheme) throws Exception {
        Program.require("curl", "--version");
        int port = port(scheme.equals("https"));
        var command =
                List.of(
                        "curl",
                        "--silent",
                        "--show-error",
                        "--http0.9",
                        "--no-buffer",
                        "--haproxy-protocol",
                        "--cacert",
                        authority().toString(),
                        "--resolve",
                        "%s:%d:127.0.0.1".formatted(Certificates.HOST, port),
                        "%s://%s:%d/".formatted(scheme, Certificates.HOST, port));
        try (Program curl = Program.start(command)) {
            await().until(() -> server.statistics().bytesReceived() > 0);
            assertThat(Background.get(server.newestConnections(1)))
                    .singleElement()
                    .extracting(ConnectionInfo::peer)
                    .extracting(InetSocketAddress::getAddress)
                    .isEqualTo(InetAddress.getLoopbackAddress());
            var drained = Background.call(() -> server.drain(Duration.ofSeconds(20)));
            assertThat(curl.output()).startsWith("{").contains("}\nGET / HTTP/1.1\r\n");
            assertThat(Background.get(drained)).isTrue();
        }
    }
}
