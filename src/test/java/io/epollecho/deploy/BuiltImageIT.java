package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.epollecho.EchoPeer;
import io.epollecho.Stopwatch;
import io.fabric8.kubernetes.api.model.Quantity;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Tests for the image that the Dockerfile builds, also run in containers as the chart's pod. */
@Tag("full")
class BuiltImageIT {

    private static final int SIGTERM_EXIT = 128 + 15;
    private static final int LARGE = 8 * 1024 * 1024;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static BuiltImage image;

    @BeforeAll
    static void build() throws Exception {
        assumeFalse(Boolean.getBoolean("epoll-echo.offline"), "Maven is offline");
        ContainerEngine.missing()
                .ifPresent(
                        reason -> {
                            System.out.println("BuiltImageIT is skipped: " + reason);
                            assumeFalse(true, reason);
                        });
        var watch = Stopwatch.start();
        image = BuiltImage.build();
        System.out.printf(
                "Image of %s MB built with its base images in %d s%n",
                Long.parseLong(inspect("{{.Size}}")) / 1_000_000, watch.elapsed().toSeconds());
    }

    @AfterAll
    static void close() throws Exception {
        if (image != null) {
            image.engine().close();
        }
    }

    private static String inspect(String format) throws Exception {
        return image.engine()
                .run(
                        "podman",
                        "inspect",
                        "--format",
                        format,
                        BuiltImage.NAME + ":" + BuiltImage.TAG)
                .succeeded()
                .output()
                .strip();
    }

    @Test
    void labelsNameVersionRevisionAndBase() throws Exception {
        String version = image.run(List.of(), "--version").succeeded().output().strip();
        JsonNode labels = JsonMapper.shared().readTree(inspect("{{json .Config.Labels}}"));
        assertThat("epoll-echo " + labels.at("/org.opencontainers.image.version").asString(""))
                .isEqualTo(version);
        assertThat(labels.at("/org.opencontainers.image.revision").asString(""))
                .isEqualTo(BuiltImage.REVISION);
        assertThat(labels.at("/org.opencontainers.image.base.name").asString(""))
                .isEqualTo("localhost/jre");
    }

    /** The cache must be valid although the jars' timestamps differ from those of the training. */
    @Test
    void usesTheCache() throws Exception {
        String options = "_JAVA_OPTIONS=-XX:AOTMode=on -Xlog:class+load";
        assertThat(image.run(List.of("--env", options), "--version").succeeded().output())
                .contains("io.epollecho.EpollEchoApplication source: shared objects file");
    }

    @Test
    void containsTheSbom() throws Exception {
        String sbom =
                image.run(List.of("--entrypoint", "cat"), "sbom/application.cdx.json")
                        .succeeded()
                        .output();
        assertThat(JsonMapper.shared().readTree(sbom).at("/components").size()).isGreaterThan(20);
    }

    /** The mirror is not mounted for this build, so any download would fail. */
    @Test
    void rebuildsChangedSourcesWithoutDownloads() throws Exception {
        Path source = image.context().resolve("src/main/java/io/epollecho/package-info.java");
        String before = Files.readString(source);
        FileTime time = Files.getLastModifiedTime(source);
        try {
            Files.writeString(source, before + "// changed\n");
            assertThat(image.rebuild("changed", "--target", "build").succeeded().output())
                    .doesNotContain("ERROR");
        } finally {
            Files.writeString(source, before);
            Files.setLastModifiedTime(source, time);
        }
    }

    @Test
    void reusesTheTrainingForAnotherRevision() throws Exception {
        String output =
                image.rebuild("revised", "--build-arg", "REVISION=other").succeeded().output();
        assertThat(output).contains("RUN ./train.sh").doesNotContain("AOTCache creation");
    }

    @Test
    void refusesAVersionOtherThanTheApplications() throws Exception {
        var outcome = image.rebuild("renamed", "--build-arg", "VERSION=9.9.9");
        assertThat(outcome.exitCode()).isNotZero();
        assertThat(outcome.output())
                .as("Buildah may lose the output of a command that exits immediately")
                .contains("Error: building at STEP \"RUN grep -q \"^build.version=$VERSION")
                .doesNotContain("AOTCache creation");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-XX:-UseSerialGC -XX:+UseG1GC", "-XX:-UseCompactObjectHeaders", "-Xmx40m"})
    void startsWithTheOperatorsOptions(String options) throws Exception {
        var outcome = image.run(List.of("--env", "_JAVA_OPTIONS=" + options), "--version");
        assertThat(outcome.succeeded().output()).contains("epoll-echo ");
    }

    @Test
    void warnsThatAnotherObjectLayoutDisablesTheCache() throws Exception {
        String options = "_JAVA_OPTIONS=-XX:-UseCompactObjectHeaders";
        assertThat(image.run(List.of("--env", options), "--version").output())
                .contains("Unable to use AOT cache", "UseCompactObjectHeaders");
    }

    @Test
    void explainsAnInvalidProperty() throws Exception {
        var outcome = image.run(List.of(), "--echo.server.event-loops=0");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.output()).contains("The property echo.server.event-loops is 0 ");
    }

    @Test
    void runsAsTheChartsPod() throws Exception {
        var watch = Stopwatch.start();
        try (PlayedPod pod = PlayedPod.start(image.engine(), "connections: {max: 77}", "", "")) {
            System.out.printf("Pod ready in %.2f s%n", watch.elapsed().toNanos() / 1e9);
            assertRestricted(pod);
            assertThat(pod.log()).doesNotContainIgnoringCase("warn").doesNotContain("[aot]");

            assertEchoesAfterHalfClose(pod.echoPort());
            assertThat(pod.actuator().get("health/liveness").status()).isEqualTo(200);
            assertThat(pod.actuator().get("prometheus").body())
                    .contains("echo_server_connections_limit 77.0");
            assertThat(probe(pod).exitCode()).isZero();
            pod.engine()
                    .run(
                            "podman",
                            "exec",
                            pod.name(),
                            "probe",
                            "localhost:" + pod.echoPort(),
                            "--count",
                            "10")
                    .succeeded();

            System.out.printf(
                    "Pod used at most %d MiB including files, %s of it anonymous%n",
                    pod.memoryPeak().orElse(0) >> 20, pod.status("RssAnon"));
            assertDrains(pod);
        }
    }

    /** The chart mounts the files of a Secret in the format that cert-manager issues. */
    @Test
    void speaksTlsWithTheCertificateOfASecret() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "openssl is not installed");
        Path key = image.engine().directory().resolve("tls.key");
        Path certificate = image.engine().directory().resolve("tls.crt");
        image.engine()
                .run(
                        ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
                             + " -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
                             + " -keyout %s -out %s")
                                .formatted(key, certificate)
                                .split(" ", -1))
                .succeeded();
        Object secret =
                Map.of(
                        "apiVersion",
                        "v1",
                        "kind",
                        "ConfigMap",
                        "metadata",
                        Map.of("name", "certificate"),
                        "data",
                        Map.of("tls.key", Chart.read(key), "tls.crt", Chart.read(certificate)));
        String values = "tls: {secretName: certificate}";
        try (PlayedPod pod = PlayedPod.start(image.engine(), "", values, new Yaml().dump(secret))) {
            var outcome =
                    image.run(
                            List.of("--volume", certificate + ":/ca.crt:ro"),
                            "probe",
                            "localhost:" + pod.echoPort(),
                            "--tls",
                            "--ca",
                            "/ca.crt",
                            "--count",
                            "1000");
            assertThat(outcome.exitCode()).as("%s %s", outcome.output(), pod.log()).isZero();
            assertThat(probe(pod).exitCode()).as("without TLS").isNotZero();
        }
    }

    private static void assertRestricted(PlayedPod pod) throws Exception {
        Rendered rendered = Chart.renderDefaults();
        long user = rendered.pod().getSecurityContext().getRunAsUser();
        assertThat(pod.status("Uid").split("\\s+")).containsOnly(String.valueOf(user));
        for (String set : List.of("CapEff", "CapPrm", "CapBnd")) {
            assertThat(pod.status(set)).as(set).containsOnlyDigits().matches("0+");
        }
        assertThat(pod.status("NoNewPrivs")).isEqualTo("1");
        assertThat(pod.status("Seccomp")).as("filters system calls").isEqualTo("2");
        Quantity limit =
                Objects.requireNonNull(
                        rendered.container().getResources().getLimits().get("memory"));
        pod.memoryLimit()
                .ifPresentOrElse(
                        bytes ->
                                assertThat(bytes)
                                        .isEqualTo(
                                                Quantity.getAmountInBytes(limit).longValueExact()),
                        () -> System.out.println("No control group limits the pod's memory"));
        var write =
                pod.engine().run("podman", "exec", pod.name(), "bash", "-c", ": > /app/written");
        assertThat(write.output()).contains("Read-only file system");
    }

    private static void assertEchoesAfterHalfClose(int port) throws Exception {
        var sent = new byte[LARGE];
        new Random(LARGE).nextBytes(sent);
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            socket.setSoTimeout((int) EchoPeer.PATIENCE.toMillis());
            Future<byte[]> received = threads.submit(() -> socket.getInputStream().readAllBytes());
            socket.getOutputStream().write(sent);
            socket.shutdownOutput();
            assertThat(received.get(EchoPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo(sent);
        }
    }

    private static ContainerEngine.Outcome probe(PlayedPod pod) throws Exception {
        return image.run(
                List.of(),
                "probe",
                "127.0.0.1:" + pod.echoPort(),
                "--connections",
                "8",
                "--count",
                "10000");
    }

    /** After SIGTERM, readiness fails and a busy peer still receives all its bytes. */
    private static void assertDrains(PlayedPod pod) throws Exception {
        try (EchoPeer peer = EchoPeer.connect(pod.echoPort());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            peer.exchange(1000);
            Future<Integer> exit = threads.submit(pod::stop);
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(10))
                    .until(
                            () -> {
                                peer.exchange(1000);
                                return pod.actuator().get("health/readiness").status() == 503;
                            });
            assertThat(pod.actuator().get("health/liveness").status()).isEqualTo(200);
            peer.exchange(1000);
            peer.finish();
            assertThat(exit.get(EchoPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo(SIGTERM_EXIT);
            assertThat(pod.log()).contains("rejected 0, cut 0");
        }
    }
}
