package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.Certificates;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The OpenSSL client as a peer of the server. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class OpenSslPeersTest {

    @TempDir private Path directory;

    private EchoServer server;

    @BeforeAll
    static void findOpenSsl() throws InterruptedException {
        Program.require("openssl", "version");
    }

    @BeforeEach
    void start() throws Exception {
        Files.writeString(authority(), Certificates.authorityAsPem());
        server =
                EchoServer.start(
                        Backend.EPOLL_EDGE
                                .settings()
                                .tls(Transport.serverTls().withClientAuth(ClientAuth.WANT))
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

    private Program client(String... options) throws Exception {
        List<String> command = new ArrayList<>();
        command.addAll(List.of("openssl", "s_client", "-connect"));
        command.add("127.0.0.1:" + server.localAddress().getPort());
        command.addAll(List.of("-servername", Certificates.HOST));
        command.addAll(List.of("-verify_hostname", Certificates.HOST));
        command.addAll(List.of("-CAfile", authority().toString(), "-verify_return_error"));
        command.addAll(List.of(options));
        return Program.start(command);
    }

    /**
     * Exchanges data with the server and returns the client's output. With -ign_eof the client
     * continues after the end of its input, so the server's drain ends it.
     */
    private String exchange(String data, String... options) throws Exception {
        var all = new ArrayList<>(List.of(options));
        all.add("-ign_eof");
        long before = server.statistics().bytesSent();
        try (Program client = client(all.toArray(String[]::new))) {
            client.send(data).endInput();
            await().until(() -> server.statistics().bytesSent() == before + data.length());
            var drained = Background.call(() -> server.drain(Duration.ofSeconds(20)));
            String output = client.output();
            assertThat(client.exitCode()).as(output).isZero();
            assertThat(Background.get(drained)).isTrue();
            return output;
        }
    }

    private void restart() {
        server.stop();
        server.start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void echoes(String protocol) throws Exception {
        String data = "0123456789 echo over TLS ".repeat(40).concat("\n").repeat(500);
        assertThat(exchange(data, protocol, "-quiet"))
                .endsWith(data)
                .contains("depth=1 CN = authority");
        assertThat(server.statistics().handshakes()).isEqualTo(1);
        Servers.assertClosed(server, CloseReason.DRAIN, 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void resumesASession(String protocol) throws Exception {
        String session = directory.resolve("session").toString();
        assertThat(exchange("first\n", protocol, "-sess_out", session))
                .contains("New, TLSv1.")
                .contains("first\n");
        restart();
        assertThat(exchange("second\n", protocol, "-sess_in", session))
                .contains("Reused, TLSv1.")
                .contains("second\n");
        assertThat(server.statistics().handshakes()).isEqualTo(2);
    }

    /**
     * A session remembers the host name with which it began. OpenSSL may resume it with another
     * name or without one; the JDK's client repeats the name of the session.
     */
    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void reportsTheHostNameOfThisConnectionAndNotOfTheSession(String protocol) throws Exception {
        String session = directory.resolve("session").toString();
        exchange("first\n", protocol, "-sess_out", session);
        restart();
        assertThat(hostReportedFor(protocol, "-sess_in", session)).isEqualTo(Certificates.HOST);
        assertThat(hostReportedFor(protocol, "-sess_in", session, "-servername", "other.test"))
                .isEqualTo("other.test");
        assertThat(hostReportedFor(protocol, "-sess_in", session, "-noservername")).isNull();
    }

    private @Nullable String hostReportedFor(String... options) throws Exception {
        var all = new ArrayList<>(List.of(options));
        all.add("-quiet");
        boolean unnamed = all.contains("-noservername");
        List<String> command = new ArrayList<>(List.of("openssl", "s_client", "-connect"));
        command.add("127.0.0.1:" + server.localAddress().getPort());
        if (!unnamed && !all.contains("-servername")) {
            command.addAll(List.of("-servername", Certificates.HOST));
        }
        command.addAll(all);
        long before = server.statistics().bytesSent();
        try (Program client = Program.start(command)) {
            client.send("hello\n");
            await().until(() -> server.statistics().bytesSent() == before + 6);
            TlsInfo tls = Background.get(server.newestConnections(1)).getFirst().tls();
            return Objects.requireNonNull(tls).serverName();
        } finally {
            Servers.awaitActive(server, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void authenticatesWithACertificate(String protocol) throws Exception {
        Path pem = directory.resolve("client.pem");
        Files.writeString(pem, Certificates.asPem(Certificates.CLIENT));
        try (Program client = client(protocol, "-quiet", "-cert", pem.toString())) {
            client.send("who am I?\n");
            await().until(() -> server.statistics().bytesSent() == 10);
            assertThat(Background.get(server.newestConnections(1)))
                    .singleElement()
                    .extracting(ConnectionInfo::tls)
                    .isNotNull()
                    .returns("CN=client", TlsInfo::clientSubject)
                    .returns(Certificates.HOST, TlsInfo::serverName);
        }
    }

    /** A client that is killed does not send a close_notify. */
    @Test
    void leavesWithoutACloseNotify() throws Exception {
        try (Program client = client("-quiet")) {
            client.send("here today\n");
            client.awaitOutput("here today"); // otherwise the kernel would send a reset
        }
        await().until(() -> server.statistics().closedTotal() == 1);
        Servers.assertClosed(server, CloseReason.TRUNCATED, 1);
    }

    /** The client sends a close_notify at the end of its input. */
    @Test
    void endsItsStream() throws Exception {
        try (Program client = client("-no_ign_eof")) {
            client.send("bye\n");
            await().until(() -> server.statistics().bytesSent() == 4);
            client.endInput();
            assertThat(client.exitCode()).as(client.output()).isZero();
            Servers.awaitClosed(server, CloseReason.PEER, 1);
        }
    }

    @Test
    void isRefusedWithAnUnsupportedProtocol() throws Exception {
        try (Program client = client("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")) {
            client.endInput();
            assertThat(client.output()).contains("alert protocol version");
            assertThat(client.exitCode()).isNotZero();
        }
        Servers.awaitClosed(server, CloseReason.HANDSHAKE_FAILED, 1);
        assertThat(server.statistics().handshakes()).isZero();
    }
}
