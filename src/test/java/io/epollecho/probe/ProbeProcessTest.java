package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.probe.FaultyEchoServer.Echo;
import io.epollecho.probe.FaultyEchoServer.Front;
import io.epollecho.stream.Certificates;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;

import javax.net.ssl.SSLContext;

/** Tests of the probe's process: its output, its locale, and its look-ups of names. */
@Timeout(60)
@Tag("slow")
class ProbeProcessTest {

    private static final Echo ECHO = (peer, bytes, _) -> peer.send(bytes);
    private static final int OUTPUT_FAILED = 4;

    private static String target(FaultyEchoServer server) {
        return "127.0.0.1:" + server.address().getPort();
    }

    // ---- output -------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--count 5",
                "--count 5 --json",
                "--duration 0 --interval 50ms",
                "--duration 0 --interval 50ms --json",
                "--help",
                "generate-completion",
            })
    void reportsThatStandardOutputCannotBeWritten(String options) throws Exception {
        try (var server = new FaultyEchoServer(ECHO);
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .output(Redirect.to(new File("/dev/full")))
                                .start(arguments(server, options))) {
            assertThat(probe.exitCode()).isEqualTo(OUTPUT_FAILED);
            assertThat(probe.errors())
                    .endsWith(
                            "probe: standard output cannot be written: No space left on device\n");
        }
    }

    private static String[] arguments(FaultyEchoServer server, String options) {
        String all = options.startsWith("--") ? target(server) + " " + options : options;
        return all.split(" ");
    }

    @Test
    void reportsThatTheHistogramCannotBeWritten() throws Exception {
        try (var server = new FaultyEchoServer(ECHO);
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .start(
                                        target(server),
                                        "--duration",
                                        "0",
                                        "--histogram",
                                        "/dev/full")) {
            assertThat(probe.exitCode()).isEqualTo(OUTPUT_FAILED);
            assertThat(probe.errors())
                    .contains("--histogram /dev/full cannot be written: No space left on device");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--json", "--reconnect"})
    void endsWhenNobodyReadsItsOutput(String format) throws Exception {
        try (var server = new FaultyEchoServer(ECHO);
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .start(
                                        target(server),
                                        "--duration",
                                        "0",
                                        "--interval",
                                        "50ms",
                                        format)) {
            try (BufferedReader output = probe.output()) {
                assertThat(output.readLine()).isNotEmpty();
            }
            assertThat(probe.exitCode()).isEqualTo(OUTPUT_FAILED);
            assertThat(probe.errors()).contains("cannot be written: Broken pipe");
        }
    }

    // ---- locale -------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"ar, EG", "fa, IR", "tr, TR", "th, TH"})
    void writesTextForMachinesTheSameInEveryLocale(
            String language, String country, @TempDir Path directory) throws Exception {
        var header = new CompletableFuture<String>();
        Front proxied =
                socket -> {
                    header.complete(line(socket.getInputStream()));
                    return socket;
                };
        Path histogram = directory.resolve("probe.hlog");
        try (var server = new FaultyEchoServer(proxied, ECHO);
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .jvm("-Duser.language=" + language)
                                .jvm("-Duser.country=" + country)
                                .start(
                                        target(server),
                                        "--proxy-protocol",
                                        "v1",
                                        "--json",
                                        "--count",
                                        "500",
                                        "--interval",
                                        "100ms",
                                        "--histogram",
                                        histogram.toString())) {
            assertThat(probe.text()).matches("\\p{ASCII}+").contains("\"messages\":500,");
            assertThat(header.join())
                    .matches("PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 [0-9]+ [0-9]+\r");
            assertThat(Files.readString(histogram)).matches("\\p{ASCII}+");
            assertThat(probe.exitCode()).isZero();
        }
    }

    private static String line(InputStream in) throws IOException {
        var text = new StringBuilder();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            text.append((char) next);
        }
        return text.toString();
    }

    // ---- names --------------------------------------------------------------------------------

    @Test
    void looksUpAMovedNameAtOnce(@TempDir Path directory) throws Exception {
        Path hosts = directory.resolve("hosts");
        Files.writeString(hosts, "127.0.0.2 echo.moving\n");
        FaultyEchoServer old = on("127.0.0.2", 0);
        try (FaultyEchoServer moved = on("127.0.0.3", old.address().getPort());
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .jvm("-Djdk.net.hosts.file=" + hosts)
                                .start(
                                        "echo.moving:" + old.address().getPort(),
                                        "--duration",
                                        "0",
                                        "--rate",
                                        "50",
                                        "--reconnect",
                                        "--interval",
                                        "100ms");
                BufferedReader output = probe.output()) {
            assertThat(output.readLine()).contains("messages/s");
            Files.writeString(
                    hosts, moved.address().getAddress().getHostAddress() + " echo.moving\n");
            old.close();
            var lines = new ArrayList<String>();
            while (lines.isEmpty() || !lines.getLast().contains("outage over")) {
                lines.add(output.readLine());
            }
            var seconds = Pattern.compile("lasted (\\S+) s").matcher(lines.getLast());
            assertThat(seconds.find()).isTrue();
            assertThat(Double.parseDouble(seconds.group(1))).isLessThan(5);
        } finally {
            old.close();
        }
    }

    private static FaultyEchoServer on(String address, int port) throws IOException {
        return new FaultyEchoServer(
                new InetSocketAddress(InetAddress.ofLiteral(address), port),
                socket -> socket,
                ECHO);
    }

    @Test
    void triesAllAddressesOfAName(@TempDir Path directory) throws Exception {
        Path hosts =
                Files.writeString(
                        directory.resolve("hosts"), "127.0.0.2 echo.two\n127.0.0.3 echo.two\n");
        try (FaultyEchoServer second = on("127.0.0.3", 0);
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .jvm("-Djdk.net.hosts.file=" + hosts)
                                .start("echo.two:" + second.address().getPort(), "--count", "5")) {
            assertThat(probe.text())
                    .contains(
                            "target       echo.two:" + second.address().getPort() + ", started 20")
                    .contains("addresses    127.0.0.2, 127.0.0.3; connected to 127.0.0.3 1\n");
            assertThat(probe.exitCode()).isZero();
        }
    }

    @Test
    void namesEachAddressThatFails(@TempDir Path directory) throws Exception {
        Path hosts =
                Files.writeString(
                        directory.resolve("hosts"), "127.0.0.2 echo.two\n127.0.0.3 echo.two\n");
        int port = unusedPort();
        try (ProbeProcess probe =
                ProbeProcess.builder()
                        .jvm("-Djdk.net.hosts.file=" + hosts)
                        .start("echo.two:" + port, "--count", "5")) {
            assertThat(probe.text())
                    .contains(
                            "failures     refused 1, first: connection 0: Connection refused, to"
                                    + " 127.0.0.2:%d; Connection refused, to 127.0.0.3:%1$d\n"
                                            .formatted(port));
            assertThat(probe.exitCode()).isEqualTo(1);
        }
    }

    private static int unusedPort() throws IOException {
        try (FaultyEchoServer server = on("127.0.0.2", 0)) {
            return server.address().getPort();
        }
    }

    /** DNS permits these names, but the JDK's class of a requested host name (SNI) does not. */
    @ParameterizedTest
    @CsvSource({
        "localhost., 0",
        "a_b.echo.example, 0",
        "c.echo.example., 0",
        "echo_server, 1",
        "a_b.other.example, 1",
    })
    void verifiesNamesThatCannotBeRequested(String name, int exitCode, @TempDir Path directory)
            throws Exception {
        Path hosts = Files.writeString(directory.resolve("hosts"), "127.0.0.1 " + name + "\n");
        Path ca =
                Files.writeString(
                        directory.resolve("ca.pem"),
                        Certificates.certificateAsPem(Certificates.AUTHORITY));
        SSLContext context = Certificates.context(Certificates.NAMED);
        Front tls = socket -> context.getSocketFactory().createSocket(socket, null, false);
        try (var server = new FaultyEchoServer(tls, ECHO);
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .jvm("-Djdk.net.hosts.file=" + hosts)
                                .start(
                                        name + ":" + server.address().getPort(),
                                        "--tls",
                                        "--ca",
                                        ca.toString(),
                                        "--count",
                                        "5")) {
            assertThat(probe.text())
                    .contains(
                            exitCode == 0
                                    ? "tls/us       min "
                                    : "TLS handshake failed: the certificate is not valid for "
                                            + name);
            assertThat(probe.exitCode()).isEqualTo(exitCode);
        }
    }

    @Test
    void reportsThatANameHasNoAddressOfTheFamily(@TempDir Path directory) throws Exception {
        Path hosts = Files.writeString(directory.resolve("hosts"), "127.0.0.2 echo.four\n");
        try (ProbeProcess probe =
                ProbeProcess.builder()
                        .jvm("-Djdk.net.hosts.file=" + hosts)
                        .start("echo.four:7", "--count", "5", "--ipv6")) {
            assertThat(probe.text())
                    .contains(
                            "name not resolved 1, first: connection 0: echo.four has no IPv6"
                                    + " address, only 127.0.0.2\n");
            assertThat(probe.exitCode()).isEqualTo(1);
        }
    }

    /** With nothing listening, a connection from a port to itself succeeds (RFC 9293, 3.5). */
    @Test
    void aConnectionToItselfIsRefused() throws Exception {
        int port = unusedPort();
        try (ProbeProcess probe =
                ProbeProcess.builder()
                        .start(
                                "127.0.0.1:" + port,
                                "--source",
                                "127.0.0.1:" + port,
                                "--count",
                                "5")) {
            assertThat(probe.text())
                    .contains("refused 1, first: connection 0: Connection refused: nothing listens")
                    .contains("result       FAILED")
                    .doesNotContain("every byte");
            assertThat(probe.exitCode()).isEqualTo(1);
        }
    }

    /** A port that the system chose is known too, because the socket is bound before. */
    @Test
    void namesTheLocalPortOfARefusedConnection() throws Exception {
        int port = unusedPort();
        try (ProbeProcess probe =
                ProbeProcess.builder()
                        .start("127.0.0.1:" + port, "--source", "127.0.0.3", "--count", "5")) {
            assertThat(probe.text())
                    .containsPattern("Connection refused, from 127\\.0\\.0\\.3:[1-9]\\d*, to 127");
            assertThat(probe.exitCode()).isEqualTo(1);
        }
    }

    @Test
    void connectsFromTheGivenSource() throws Exception {
        int port = unusedPort();
        var sources = new ArrayList<String>();
        Front recording =
                (Socket socket) -> {
                    sources.add(socket.getRemoteSocketAddress().toString());
                    return socket;
                };
        try (var server = new FaultyEchoServer(recording, ECHO);
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .start(
                                        target(server),
                                        "--bind",
                                        "127.0.0.2:" + port,
                                        "--count",
                                        "5")) {
            assertThat(probe.text()).contains("from         127.0.0.2:" + port + "\n");
            assertThat(probe.exitCode()).isZero();
        }
        assertThat(sources).isEqualTo(List.of("/127.0.0.2:" + port));
    }

    /** Errors of users are one line, never a stack trace. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a..b:7 --tls --insecure --count 1",
                "echo_server.invalid:7 --tls --insecure --count 1",
                "[fe80::1%nowhere]:7 --count 1",
                "1.2.3:7 --count 1 --timeout 500ms",
                "localhost.:1 --tls --count 1 --timeout 1s",
                "127.0.0.1:7 --ca / --tls",
                "127.0.0.1:7 --cert /dev/null --key /dev/null --tls",
                "127.0.0.1:7 --server-name echo_server --tls",
                "127.0.0.1:7 --histogram /nowhere/file",
                "127.0.0.1:7 --percentiles ,",
                "127.0.0.1:7 --proxy-protocol v3",
                "127.0.0.1:7 --proxy-protocol v1 --proxy-source nowhere:1",
            })
    void anErrorOfTheUserIsNoStackTrace(String arguments) throws Exception {
        try (ProbeProcess probe = ProbeProcess.builder().start(arguments.split(" "))) {
            assertThat(probe.text() + probe.errors())
                    .isNotBlank()
                    .doesNotContain("Exception", "\tat ");
            assertThat(probe.exitCode()).isIn(1, 2);
        }
    }

    @Test
    void anHttpClientThatIsSlowKeepsNoOtherWaiting() throws Exception {
        int metrics = unusedPort();
        try (var server = new FaultyEchoServer(ECHO);
                ProbeProcess probe =
                        ProbeProcess.builder()
                                .start(
                                        target(server),
                                        "--duration",
                                        "0",
                                        "--interval",
                                        "1h",
                                        "--metrics-port",
                                        String.valueOf(metrics),
                                        "--rate",
                                        "10");
                Socket slow = connect(metrics)) {
            slow.getOutputStream()
                    .write("GET /metrics HTTP/1.1\r\nHos".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 3; i++) {
                assertThat(scrape(metrics))
                        .startsWith("HTTP/1.1 200 ")
                        .contains("echo_probe_messages_total 0.0\n")
                        .contains("echo_probe_failures_total{kind=\"refused\"} 0.0\n")
                        .contains("echo_probe_round_trip_seconds_count 0\n")
                        .contains("echo_probe_connect_seconds_count 0\n")
                        .contains("echo_probe_connections_wanted 1.0\n");
            }
            assertThat(probe.isAlive()).isTrue();
            // The connection with half a request is closed by the server.
            slow.setSoTimeout(20_000);
            assertThat(slow.getInputStream().read()).isEqualTo(-1);
        }
    }

    private static Socket connect(int port) throws IOException {
        while (true) {
            try {
                return new Socket(InetAddress.getLoopbackAddress(), port);
            } catch (IOException e) {
                Thread.onSpinWait(); // the process is still starting
            }
        }
    }

    private static String scrape(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream()
                    .write(
                            "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                                    .getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
