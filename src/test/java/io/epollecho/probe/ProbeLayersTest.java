package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.epollecho.probe.FaultyEchoServer.Echo;
import io.epollecho.probe.FaultyEchoServer.Front;
import io.epollecho.stream.Certificates;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Tests of the command line against servers that use TLS, the PROXY protocol and a greeting. */
@Timeout(60)
@Tag("slow")
class ProbeLayersTest {

    private static final Echo ECHO = (peer, bytes, _) -> peer.send(bytes);
    private static final String COUNT = "--count 20 ";

    /** Options for servers that are expected to stay silent. */
    private static final String IMPATIENT = COUNT + "--timeout 300ms ";

    private static Path directory = Path.of("");
    private static String ca = "";
    private static String identity = "";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void writeFiles(@TempDir Path files) throws Exception {
        directory = files;
        ca = "--ca " + file("ca.pem", Certificates.certificateAsPem(Certificates.AUTHORITY));
        identity =
                "--cert %s --key %s "
                        .formatted(
                                file(
                                        "client.pem",
                                        Certificates.certificateAsPem(Certificates.CLIENT)),
                                file("client.key", Certificates.keyAsPem(Certificates.CLIENT)));
    }

    private static Path file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    // ---- TLS ----------------------------------------------------------------------------------

    private static String trusted() {
        return "--tls --server-name " + Certificates.HOST + " " + ca + " ";
    }

    private static Front tls(String protocol) {
        return tls(Certificates.context(Certificates.SERVER), protocol);
    }

    private static Front tls(SSLContext context, String protocol) {
        return accepted -> secure(accepted, context, protocol);
    }

    private static SSLSocket secure(Socket accepted, SSLContext context, String protocol)
            throws IOException {
        var socket = (SSLSocket) context.getSocketFactory().createSocket(accepted, null, false);
        socket.setEnabledProtocols(new String[] {protocol});
        return socket;
    }

    @ParameterizedTest
    @CsvSource({
        "TLSv1.3, --count 500",
        "TLSv1.2, --count 500",
        "TLSv1.3, --count 200 --connections 3 --pipeline 16 --size 1",
        "TLSv1.3, --count 10 --connections 2 --size 300000",
        "TLSv1.2, --count 10 --connections 2 --size 300000",
        "TLSv1.3, --count 30 --size 100001 --pipeline 5",
        "TLSv1.3, --count 300 --rate 2000 --connections 5",
    })
    void everyMessageComesBackOverTls(String protocol, String options) throws IOException {
        try (var server = new FaultyEchoServer(tls(protocol), ECHO)) {
            assertThat(probe(server, trusted() + options)).isZero();
            String count = options.split(" ", 3)[1];
            assertThat(out.toString(UTF_8))
                    .contains("messages     " + count + " of " + count + " planned")
                    .contains("wrong 0, missing 0")
                    .contains("every byte came back right");
        }
    }

    @Test
    void detectsAFlippedBitUnderTls() throws IOException {
        Echo flipping =
                (peer, bytes, before) -> {
                    if (before == 0) {
                        bytes[1] ^= 0x10;
                    }
                    peer.send(bytes);
                };
        try (var server = new FaultyEchoServer(tls("TLSv1.3"), flipping)) {
            assertThat(probe(server, trusted() + COUNT)).isEqualTo(1);
            assertThat(out.toString(UTF_8)).contains("wrong 1, missing 0");
        }
    }

    @Test
    void reportsAnUntrustedAuthority() throws IOException {
        try (var server = new FaultyEchoServer(tls("TLSv1.3"), ECHO)) {
            assertThat(probe(server, COUNT + "--tls --server-name " + Certificates.HOST))
                    .isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains(
                            "TLS failed 1, first: connection 0: TLS handshake failed: the peer's"
                                    + " certificate was not issued by a trusted authority");
        }
    }

    @Test
    void reportsACertificateForAnotherName() throws IOException {
        try (var server = new FaultyEchoServer(tls("TLSv1.3"), ECHO)) {
            assertThat(probe(server, COUNT + "--tls --server-name other.test " + ca)).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains(
                            "certificate was not accepted: No subject alternative DNS name"
                                    + " matching other.test found");
        }
    }

    @Test
    void verifiesTheHostByDefault() throws IOException {
        try (var server = new FaultyEchoServer(tls("TLSv1.3"), ECHO)) {
            assertThat(probe(server, COUNT + "--tls " + ca)).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains("No subject alternative names matching IP address 127.0.0.1 found");
        }
    }

    @Test
    void reportsAnExpiredCertificate() throws IOException {
        SSLContext expired = Certificates.context(Certificates.EXPIRED);
        try (var server = new FaultyEchoServer(tls(expired, "TLSv1.3"), ECHO)) {
            assertThat(probe(server, trusted() + COUNT)).isEqualTo(1);
            assertThat(out.toString(UTF_8)).contains("the peer's certificate has expired");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {Certificates.SERVER, Certificates.EXPIRED, Certificates.STRANGER})
    void insecureAcceptsEveryCertificate(String alias) throws IOException {
        SSLContext context = Certificates.context(alias);
        try (var server = new FaultyEchoServer(tls(context, "TLSv1.3"), ECHO)) {
            assertThat(probe(server, COUNT + "--tls --insecure")).isZero();
        }
    }

    @Test
    void sendsTheServerName() throws Exception {
        var asked = new CompletableFuture<String>();
        Front front =
                accepted -> {
                    SSLSocket socket =
                            secure(accepted, Certificates.context(Certificates.SERVER), "TLSv1.3");
                    socket.startHandshake();
                    var session = (ExtendedSSLSession) socket.getSession();
                    var name = (SNIHostName) session.getRequestedServerNames().getFirst();
                    asked.complete(name.getAsciiName());
                    return socket;
                };
        try (var server = new FaultyEchoServer(front, ECHO)) {
            assertThat(probe(server, COUNT + "--tls --insecure --server-name single")).isZero();
            assertThat(asked.get()).isEqualTo("single");
        }
    }

    private static Front demandingCertificate(String protocol) {
        return accepted -> {
            SSLSocket socket =
                    secure(accepted, Certificates.context(Certificates.SERVER), protocol);
            socket.setNeedClientAuth(true);
            return socket;
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void reportsThatTheServerRequiresACertificate(String protocol) throws IOException {
        try (var server = new FaultyEchoServer(demandingCertificate(protocol), ECHO)) {
            assertThat(probe(server, trusted() + COUNT)).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .containsPattern(
                            "TLS failed 1, first: connection 0: TLS .*failed: the peer (requires a"
                                    + " certificate|.*it may require a client certificate)");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void presentsTheRequiredCertificate(String protocol) throws IOException {
        try (var server = new FaultyEchoServer(demandingCertificate(protocol), ECHO)) {
            assertThat(probe(server, trusted() + identity + COUNT)).isZero();
        }
    }

    @Test
    void reportsThatTheServerDoesNotTrustTheCertificate() throws Exception {
        String stranger =
                "--cert %s --key %s "
                        .formatted(
                                file(
                                        "stranger.pem",
                                        Certificates.certificateAsPem(Certificates.STRANGER)),
                                file("stranger.key", Certificates.keyAsPem(Certificates.STRANGER)));
        try (var server = new FaultyEchoServer(demandingCertificate("TLSv1.3"), ECHO)) {
            assertThat(probe(server, trusted() + stranger + COUNT)).isEqualTo(1);
            assertThat(out.toString(UTF_8)).contains("the peer does not trust the certificate");
        }
    }

    @Test
    void recognizesAServerWithoutTls() throws IOException {
        try (var server = new FaultyEchoServer(ECHO)) {
            assertThat(probe(server, trusted() + COUNT)).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains("the server echoes the handshake; it does not use TLS");
        }
    }

    @Test
    void reportsAConnectionClosedDuringTheHandshake() throws IOException {
        Front leaving =
                accepted -> {
                    accepted.getInputStream().read();
                    accepted.shutdownOutput();
                    return accepted;
                };
        try (var server = new FaultyEchoServer(leaving, (_, _, _) -> {})) {
            assertThat(probe(server, trusted() + COUNT)).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains("TLS handshake failed: the peer closed the connection before");
        }
    }

    @Test
    void reportsAHandshakeWithoutAnswer() throws IOException {
        try (var server = new FaultyEchoServer((_, _, _) -> {})) {
            assertThat(probe(server, trusted() + IMPATIENT)).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains("TLS handshake failed: the server does not answer");
        }
    }

    @Test
    void aStreamThatEndsWithoutCloseNotifyIsClosedEarly() throws IOException {
        var accepted = new CompletableFuture<Socket>();
        Front front =
                socket -> {
                    accepted.complete(socket);
                    return tls("TLSv1.3").open(socket);
                };
        Echo ending =
                (peer, bytes, before) -> {
                    if (before == 0) {
                        peer.send(bytes);
                    } else {
                        accepted.join().shutdownOutput();
                    }
                };
        try (var server = new FaultyEchoServer(front, ending)) {
            assertThat(probe(server, trusted() + COUNT)).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains("closed early 1, first: connection 0: ")
                    .contains("without a close_notify");
        }
    }

    // ---- PROXY protocol -----------------------------------------------------------------------

    /** Returns a front that closes the connection unless it begins with the expected bytes. */
    private static Front receiving(Header expected, Front front) {
        return accepted -> {
            byte[] wanted = expected.of(accepted);
            byte[] bytes = accepted.getInputStream().readNBytes(wanted.length);
            if (!ByteBuffer.wrap(wanted).equals(ByteBuffer.wrap(bytes))) {
                throw new IOException("Unexpected header");
            }
            return front.open(accepted);
        };
    }

    private interface Header {

        byte[] of(Socket accepted);
    }

    private static byte[] line(String text) {
        return text.getBytes(UTF_8);
    }

    private static byte[] binary(int family, String source, int port, Socket accepted, int size)
            throws IOException {
        InetAddress destination = InetAddress.ofLiteral(size == 4 ? "127.0.0.1" : "::ffff:7f00:1");
        ByteBuffer header = ByteBuffer.allocate(16 + 2 * size + 4);
        header.put(new byte[] {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10, 0x21});
        header.put((byte) family).putShort((short) (2 * size + 4));
        header.put(InetAddress.ofLiteral(source).getAddress());
        if (size == 16) {
            header.put(new byte[10]).putShort((short) 0xFFFF);
        }
        header.put(destination.getAddress());
        return header.putShort((short) port).putShort((short) accepted.getLocalPort()).array();
    }

    private static byte[] binaryHeader(
            int family, String source, int port, Socket accepted, int size) {
        try {
            return binary(family, source, port, accepted, size);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theHeaderOfVersion1ContainsTheSocketsAddresses() throws IOException {
        proxied(
                "--proxy-protocol v1",
                it ->
                        line(
                                "PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n"
                                        .formatted(it.getPort(), it.getLocalPort())));
    }

    @Test
    void theHeaderOfVersion1ContainsTheGivenSource() throws IOException {
        proxied(
                "--proxy-protocol v1 --proxy-source 192.0.2.1:4711",
                it ->
                        line(
                                "PROXY TCP4 192.0.2.1 127.0.0.1 4711 %d\r\n"
                                        .formatted(it.getLocalPort())));
    }

    @Test
    void theHeaderOfVersion2ContainsTheSocketsAddresses() throws IOException {
        proxied("--proxy-protocol v2", it -> binaryHeader(0x11, "127.0.0.1", it.getPort(), it, 4));
    }

    @Test
    void theHeaderOfVersion2ContainsTheGivenSource() throws IOException {
        proxied(
                "--proxy-protocol v2 --proxy-source [2001:db8::1]:4711",
                it -> binaryHeader(0x21, "2001:db8::1", 4711, it, 16));
    }

    private void proxied(String options, Header expected) throws IOException {
        try (var server = new FaultyEchoServer(receiving(expected, socket -> socket), ECHO)) {
            assertThat(probe(server, COUNT + "--connections 3 " + options)).isZero();
        }
    }

    @Test
    void theHeaderComesBeforeTls() throws IOException {
        Header expected =
                it ->
                        line(
                                "PROXY TCP4 192.0.2.1 127.0.0.1 4711 %d\r\n"
                                        .formatted(it.getLocalPort()));
        Front front = receiving(expected, tls("TLSv1.3"));
        try (var server = new FaultyEchoServer(front, ECHO)) {
            String options = "--proxy-protocol v1 --proxy-source 192.0.2.1:4711 ";
            assertThat(probe(server, COUNT + trusted() + options)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void reportsAConnectionClosedAfterTheHeader(boolean tls) throws IOException {
        Front leaving =
                accepted -> {
                    accepted.getInputStream().readNBytes(20);
                    accepted.shutdownOutput();
                    return accepted;
                };
        try (var server = new FaultyEchoServer(leaving, (_, _, _) -> {})) {
            String options = COUNT + "--proxy-protocol v1 " + (tls ? trusted() : "");
            assertThat(probe(server, options)).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains(
                            tls
                                    ? "before the handshake, after the PROXY header"
                                    : "closed by peer; it may not accept a PROXY header");
        }
    }

    // ---- greeting -----------------------------------------------------------------------------

    private static Front greeting(String... lines) {
        var next = new AtomicInteger();
        return accepted -> {
            byte[] line = lines[next.getAndIncrement() % lines.length].getBytes(UTF_8);
            accepted.getOutputStream().write(line);
            return accepted;
        };
    }

    @Test
    void theSummaryCountsConnectionsPerServer() throws IOException {
        Front front =
                greeting(
                        "{\"server\":\"epoll-echo\",\"host\":\"h\",\"pod\":\"echo-b\"}\n",
                        "{\"server\":\"epoll-echo\",\"host\":\"h\",\"pod\":\"echo-a\"}\n",
                        "{\"server\":\"epoll-echo\",\"host\":\"echo-b\"}\n");
        try (var server = new FaultyEchoServer(front, ECHO)) {
            assertThat(probe(server, COUNT + "--expect-greeting --connections 6")).isZero();
            assertThat(out.toString(UTF_8)).contains("greeted by   echo-a 2, echo-b 4");
        }
    }

    @Test
    void theJsonCountsConnectionsPerServer() throws IOException {
        Front front = greeting("{\"server\":\"epoll-echo\",\"host\":\"echo-a\"}\n");
        try (var server = new FaultyEchoServer(front, ECHO)) {
            assertThat(probe(server, COUNT + "--expect-greeting --json --connections 2")).isZero();
            assertThat(out.toString(UTF_8)).contains("\"greetings\":{\"echo-a\":2}");
        }
    }

    @Test
    void acceptsAGreetingByteByByteOverTls() throws IOException {
        Front front =
                accepted -> {
                    Socket socket = tls("TLSv1.3").open(accepted);
                    byte[] line = line("{\"server\":\"epoll-echo\",\"host\":\"echo-a\"}\n");
                    for (byte next : line) {
                        socket.getOutputStream().write(next);
                        socket.getOutputStream().flush();
                    }
                    return socket;
                };
        try (var server = new FaultyEchoServer(front, ECHO)) {
            assertThat(probe(server, trusted() + COUNT + "--expect-greeting")).isZero();
            assertThat(out.toString(UTF_8)).contains("greeted by   echo-a 1");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    SSH-2.0-OpenSSH_10.0               | but with 'SSH-2.0-OpenSSH_10.0'
                    {"server":"other","host":"h"}      | but with '{"server":"other","host":"h"}'
                    {"server":"epoll-echo"}            | but with '{"server":"epoll-echo"}'
                    []                                 | but with '[]'
                    {"server":"epoll-echo","host":     | but with '{"server":"epoll-echo","host":'
                    """)
    void reportsAnUnexpectedGreeting(String line, String words) throws IOException {
        try (var server = new FaultyEchoServer(greeting(line + "\n"), ECHO)) {
            assertThat(probe(server, COUNT + "--expect-greeting")).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains("no greeting 1, first: connection 0: The server does not begin with")
                    .contains(words);
        }
    }

    @Test
    void reportsAGreetingWithoutEnd() throws IOException {
        try (var server = new FaultyEchoServer(greeting("x".repeat(10_000)), ECHO)) {
            assertThat(probe(server, COUNT + "--expect-greeting")).isEqualTo(1);
            assertThat(out.toString(UTF_8)).contains("but with a line of more than 8192 bytes");
        }
    }

    @Test
    void reportsAMissingGreeting() throws IOException {
        try (var server = new FaultyEchoServer(ECHO)) {
            assertThat(probe(server, IMPATIENT + "--expect-greeting")).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains("The server sends no greeting; it may be configured without one");
        }
    }

    @Test
    void reportsAConnectionClosedBeforeTheGreeting() throws IOException {
        Front leaving =
                accepted -> {
                    accepted.shutdownOutput();
                    return accepted;
                };
        try (var server = new FaultyEchoServer(leaving, (_, _, _) -> {})) {
            assertThat(probe(server, COUNT + "--expect-greeting")).isEqualTo(1);
            assertThat(out.toString(UTF_8))
                    .contains("The server closed the connection without a greeting");
        }
    }

    @Test
    void bytesAfterTheGreetingAreWrong() throws IOException {
        Front front = greeting("{\"server\":\"epoll-echo\",\"host\":\"echo-a\"}\nxyz");
        try (var server = new FaultyEchoServer(front, ECHO)) {
            assertThat(probe(server, COUNT + "--expect-greeting")).isEqualTo(1);
            assertThat(out.toString(UTF_8)).contains("wrong 3, missing 0");
        }
    }

    /** No message is due yet on connections that open before the last one. */
    @Test
    void bytesBeforeTheFirstMessageAreWrongInAnOpenLoop() throws IOException {
        AtomicInteger accepted = new AtomicInteger();
        Front front =
                socket -> {
                    if (accepted.getAndIncrement() == 0) {
                        socket.getOutputStream().write('x');
                    }
                    return socket;
                };
        try (var server = new FaultyEchoServer(front, ECHO)) {
            assertThat(probe(server, COUNT + "--rate 1000 --connections 500")).isEqualTo(1);
            assertThat(out.toString(UTF_8)).contains("wrong 1, missing 0");
        }
    }

    // ---- the command line ---------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    --ca ca.pem                               | --ca ca.pem: requires --tls
                    --cert a.pem                              | --cert a.pem: requires --tls
                    --key a.key                               | --key a.key: requires --tls
                    --server-name x                           | --server-name x: requires --tls
                    --insecure                                | --insecure: requires --tls
                    --tls --insecure --ca ca.pem              | --ca ca.pem: cannot be combined with --insecure
                    --tls --cert a.pem                        | --cert a.pem: requires --key
                    --tls --key a.key                         | --key a.key: requires --cert
                    --tls --server-name a_b..c                | --server-name a_b..c: must be a host name
                    --tls --ca /nowhere.pem                   | --ca /nowhere.pem: the file does not exist
                    --proxy-protocol v3                       | --proxy-protocol v3: must be v1 or v2
                    --proxy-source 192.0.2.1:1                | --proxy-source 192.0.2.1:1: requires --proxy-protocol
                    --proxy-protocol v1 --proxy-source 1.2    | --proxy-source 1.2: must be an address and a port
                    --proxy-protocol v1 --proxy-source h:1    | --proxy-source h:1: must be an address and a port
                    --proxy-protocol v1 --proxy-source ::1:1  | --proxy-source ::1:1: must be an address and a port
                    """)
    void contradictoryOptionsAreInvalidUsage(String options, String message) throws IOException {
        invalidUsage(options, message);
    }

    private void invalidUsage(String options, String message) throws IOException {
        try (var server = new FaultyEchoServer(ECHO)) {
            assertThat(probe(server, options)).isEqualTo(2);
        }
        assertThat(out.toString(UTF_8)).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("probe: ")
                .contains(message);
    }

    @Test
    void filesWithUnexpectedContentAreInvalidUsage() throws Exception {
        String certificate = Certificates.certificateAsPem(Certificates.CLIENT);
        Path pem = file("a.pem", certificate);
        Path none = file("none.pem", "nothing");
        Path broken = file("broken.pem", certificate.replace("MII", "AAA"));
        Path legacy =
                file("ec.key", "-----BEGIN EC PRIVATE KEY-----\n\n-----END EC PRIVATE KEY-----\n");
        Path other = file("other.key", Certificates.keyAsPem(Certificates.SERVER));
        invalidUsage("--tls --ca " + none, "none.pem: the file contains ");
        reset();
        invalidUsage(
                "--tls --ca " + broken, "broken.pem: the file contains an invalid certificate");
        reset();
        invalidUsage("--tls --ca " + directory, "the file cannot be read");
        reset();
        invalidUsage(
                "--tls --cert %s --key %s".formatted(pem, none),
                "the file contains no private key");
        reset();
        invalidUsage(
                "--tls --cert %s --key %s".formatted(pem, legacy),
                "the file contains an EC PRIVATE KEY; convert it with openssl pkcs8 -topk8 -nodes");
        reset();
        invalidUsage(
                "--tls --cert %s --key %s".formatted(pem, other),
                "the key does not match the certificate of --cert");
    }

    private void reset() {
        err.getBuffer().setLength(0);
    }

    private int probe(FaultyEchoServer server, String options) {
        String target =
                "--host 127.0.0.1 --port %d %s".formatted(server.address().getPort(), options);
        List<String> args = Stream.of(target.split(" ")).filter(word -> !word.isEmpty()).toList();
        return ProbeCommand.run(
                new StandardOutput(out, UTF_8),
                new PrintWriter(err, true),
                args.toArray(new String[0]));
    }
}
