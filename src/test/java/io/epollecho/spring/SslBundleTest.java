package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.epollecho.Alone;
import io.epollecho.server.EchoServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Tests of a TLS listener with a bundle whose files are replaced by Kubernetes. */
@ExtendWith(OutputCaptureExtension.class)
@Tag("slow")
@Alone("captures the standard output")
class SslBundleTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<AutoCloseable> opened = new ArrayList<>();

    @TempDir private Path directory;

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SslAutoConfiguration.class, EchoServerAutoConfiguration.class})
    static class Application {}

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable resource : opened.reversed()) {
            resource.close();
        }
    }

    private EchoServer start(MountedSecret secret, String... arguments) {
        return start(secret.certificate(), secret.key(), arguments);
    }

    private EchoServer start(Path certificate, Path key, String... arguments) {
        ConfigurableApplicationContext context =
                new SpringApplicationBuilder(Application.class)
                        .web(WebApplicationType.NONE)
                        .properties(
                                "echo.server.address=127.0.0.1",
                                "echo.server.port=0",
                                "echo.server.ssl.bundle=web",
                                "echo.server.shutdown.drain-timeout=1s",
                                "spring.ssl.bundle.pem.web.keystore.certificate="
                                        + certificate.toUri(),
                                "spring.ssl.bundle.pem.web.keystore.private-key=" + key.toUri(),
                                "spring.ssl.bundle.pem.web.reload-on-update=true",
                                "spring.ssl.bundle.watch.file.quiet-period=100ms")
                        .run(arguments);
        opened.add(context);
        return context.getBean(EchoServer.class);
    }

    private CertificateRenewals renewals() {
        var context = (ConfigurableApplicationContext) opened.getFirst();
        return context.getBean(CertificateRenewals.class);
    }

    private SSLSocket connect(EchoServer server) throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsEverybody()}, null);
        var socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(
                                        InetAddress.getLoopbackAddress(),
                                        server.localAddress().getPort());
        opened.add(socket);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.startHandshake();
        return socket;
    }

    private static String subject(SSLSocket socket) throws IOException {
        return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
                .getSubjectX500Principal()
                .getName();
    }

    private String subjectNow(EchoServer server) throws IOException, GeneralSecurityException {
        try (SSLSocket socket = connect(server)) {
            return subject(socket);
        }
    }

    private static void assertEchoes(SSLSocket socket) throws IOException {
        byte[] sent = "Is this still the same connection?".getBytes(US_ASCII);
        socket.getOutputStream().write(sent);
        assertThat(socket.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
    }

    /** An earlier Spring Boot noticed only the first of several renewals (spring-boot#44807). */
    @Test
    void appliesEachRenewedCertificateToNewConnections() throws Exception {
        var secret = new MountedSecret(directory, "first");
        EchoServer server = start(secret);
        List<SSLSocket> old = new ArrayList<>();
        for (String name : List.of("first", "second", "third", "fourth")) {
            if (!name.equals("first")) {
                secret.rotate(name);
            }
            await().atMost(PATIENCE).until(() -> subjectNow(server).equals("CN=" + name));
            old.add(connect(server));
            for (SSLSocket socket : old) {
                assertEchoes(socket);
            }
        }
        assertThat(subject(old.getFirst())).isEqualTo("CN=first");
        assertThat(renewals().succeeded()).isGreaterThanOrEqualTo(3);
        assertThat(server.statistics().active()).isGreaterThanOrEqualTo(4);
    }

    @Test
    void logsAnInvalidCertificateAndKeepsThePreviousOne(CapturedOutput output) throws Exception {
        var secret = new MountedSecret(directory, "first");
        EchoServer server = start(secret);
        secret.spoil();
        await().atMost(PATIENCE)
                .until(() -> output.getAll().contains("SSL bundle web cannot be reloaded"));
        assertThat(subjectNow(server)).isEqualTo("CN=first");
        assertThat(renewals().failed()).isPositive();
        secret.rotate("second");
        await().atMost(PATIENCE).until(() -> subjectNow(server).equals("CN=second"));
    }

    /** The ways in which tools replace a certificate and its key. */
    @ParameterizedTest
    @EnumSource
    void appliesACertificateThatArrivesBeforeOrAfterItsKey(Renewal renewal, CapturedOutput output)
            throws Exception {
        for (boolean keyFirst : new boolean[] {false, true}) {
            Path place = Files.createDirectory(directory.resolve("key-first-" + keyFirst));
            var secret = new ReplacedFiles(place, renewal, "first");
            EchoServer server = start(secret.certificate(), secret.key());
            for (String name : List.of("second", "third")) {
                int before = count(output, "cannot be reloaded yet");
                secret.prepare(name);
                secret.replace(keyFirst ? "tls.key" : "tls.crt");
                await().atMost(PATIENCE)
                        .until(() -> count(output, "cannot be reloaded yet") > before);
                assertThat(subjectNow(server)).isNotEqualTo("CN=" + name);
                secret.replace(keyFirst ? "tls.crt" : "tls.key");
                await().atMost(PATIENCE).until(() -> subjectNow(server).equals("CN=" + name));
            }
            server.stop();
        }
    }

    private static int count(CapturedOutput output, String text) {
        return output.getAll().split(text, -1).length - 1;
    }

    @Test
    void rejectsACertificateWithTheKeyOfAnother(CapturedOutput output) throws Exception {
        var one = new MountedSecret(Files.createDirectory(directory.resolve("one")), "one");
        var other = new MountedSecret(Files.createDirectory(directory.resolve("other")), "other");
        assertThatThrownBy(() -> start(one.certificate(), other.key()))
                .isInstanceOf(BeanCreationException.class);
        assertThat(output)
                .contains(
                        "The property echo.server.ssl.bundle is web",
                        "no client can complete a handshake with it",
                        "the private key must belong to the certificate");
    }

    @ParameterizedTest
    @CsvSource({
        "TLSv1.1, ''",
        "TLSv1.3, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLSv1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    })
    void rejectsOptionsWithWhichNoHandshakeSucceeds(
            String protocol, String ciphers, CapturedOutput output) throws Exception {
        var secret = new MountedSecret(directory, "first");
        String options = "--spring.ssl.bundle.pem.web.options.";
        List<String> arguments = new ArrayList<>();
        arguments.add(options + "enabled-protocols=" + protocol);
        if (!ciphers.isEmpty()) {
            arguments.add(options + "ciphers=" + ciphers);
        }
        assertThatThrownBy(() -> start(secret, arguments.toArray(String[]::new)))
                .isInstanceOf(BeanCreationException.class);
        assertThat(output)
                .contains(
                        "The property echo.server.ssl.bundle is web",
                        "no client can complete a handshake with it");
    }

    @Test
    void namesAFileThatDoesNotExist(CapturedOutput output) throws Exception {
        var secret = new MountedSecret(directory, "first");
        String certificate = "--spring.ssl.bundle.pem.web.keystore.certificate=none.crt";
        String once = "--spring.ssl.bundle.pem.web.reload-on-update=false";
        assertThatThrownBy(() -> start(secret, certificate, once))
                .isInstanceOf(BeanCreationException.class);
        assertThat(output).contains("the bundle cannot be loaded: file not found: none.crt");
    }

    @Test
    void rejectsABundleWithoutAPrivateKey(CapturedOutput output) throws Exception {
        var secret = new MountedSecret(directory, "first");
        String keystore = "--spring.ssl.bundle.pem.public.keystore.certificate=";
        assertThatThrownBy(
                        () ->
                                start(
                                        secret,
                                        "--echo.server.ssl.bundle=public",
                                        keystore + secret.certificate().toUri()))
                .isInstanceOf(BeanCreationException.class);
        assertThat(output)
                .contains(
                        "The property echo.server.ssl.bundle is public (",
                        "it must be an SSL bundle with a certificate and its private key.");
    }

    private static final class TrustsEverybody implements X509TrustManager {

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
