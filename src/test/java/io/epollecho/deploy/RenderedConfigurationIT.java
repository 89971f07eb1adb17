package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.jayway.jsonpath.JsonPath;

import io.epollecho.ChildJvm;
import io.epollecho.EchoPeer;
import io.epollecho.PlainHttp;
import io.epollecho.Ports;
import io.epollecho.RunningJar;
import io.epollecho.stream.Certificates;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.VolumeMount;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.SSLSocket;

/**
 * The configuration that the chart renders, read by the runnable jar. Only ports and the directory
 * of the mounted Secret are those of this machine.
 */
class RenderedConfigurationIT {

    /** The default listener has every layer, and the derived options of the probes fit it. */
    private static final String LAYERS =
            """
            config:
              echo:
                server:
                  greeting: identity
                  proxy-protocol: {mode: required, trusted: [127.0.0.0/8]}
                  listeners:
                    plain: {port: 7778}
                    mutual:
                      port: 7779
                      greeting: identity
                      ssl: {client-auth: need}
            tls: {secretName: echo-tls, listeners: [default, mutual], trust: true}
            probe: {enabled: true}
            """;

    private static final String CLIENT = "192.0.2.7:5000";
    private static final String PROXY_HEADER = "PROXY TCP4 192.0.2.7 127.0.0.1 5000 7777\r\n";
    private static final int BYTES = 64 * 1024;

    @TempDir
    @SuppressWarnings("NullAway.Init") // by JUnit
    private Path directory;

    @Test
    void defaultsAreInEffect() throws Exception {
        Rendered rendered = Chart.renderDefaults();
        try (RunningJar jar = start(rendered)) {
            assertDoesWhatItSays(jar, rendered);
        }
    }

    @Test
    void everyValueIsInEffect() throws Exception {
        Rendered rendered = Chart.renderFull();
        try (RunningJar jar = start(rendered)) {
            assertDoesWhatItSays(jar, rendered);
        }
    }

    @Test
    void layersOfThreeListenersAreInEffect() throws Exception {
        Rendered rendered = Chart.render(LAYERS);
        try (RunningJar jar = start(rendered)) {
            assertDoesWhatItSays(jar, rendered);
            assertProbeSucceeds(
                    rendered.probeTemplate().getSpec().getContainers().getFirst().getArgs(),
                    jar.echoPort());
        }
    }

    private RunningJar start(Rendered rendered) throws Exception {
        String application = rendered.applicationYml();
        for (VolumeMount mount : rendered.container().getVolumeMounts()) {
            if (mount.getName().equals("tls")) {
                String local = "file:" + mountSecret() + "/";
                application = application.replace("file:" + mount.getMountPath() + "/", local);
            }
        }
        Files.writeString(directory.resolve("application.yml"), application);
        var arguments = new ArrayList<String>();
        arguments.add("--spring.config.additional-location=file:" + directory + "/");
        for (String name : listeners(rendered).sequencedKeySet()) {
            if (!name.equals("default")) {
                arguments.add("--echo.server.listeners.%s.port=0".formatted(name));
            }
        }
        return RunningJar.start(downwardApi(rendered), arguments.toArray(String[]::new));
    }

    /** The files that cert-manager puts into a Secret. */
    private Path mountSecret() throws Exception {
        Path secret = Files.createDirectory(directory.resolve("tls"));
        Files.writeString(
                secret.resolve("tls.crt"), Certificates.certificateAsPem(Certificates.SERVER));
        Files.writeString(secret.resolve("tls.key"), Certificates.keyAsPem(Certificates.SERVER));
        Files.writeString(secret.resolve("ca.crt"), Certificates.authorityAsPem());
        return secret;
    }

    /** Sets the variables that the kubelet fills in, each to the path of its field. */
    private static List<String> downwardApi(Rendered rendered) {
        var prefix = new ArrayList<>(List.of("env"));
        for (EnvVar variable : rendered.container().getEnv()) {
            if (variable.getValueFrom() != null) {
                prefix.add(
                        "%s=%s"
                                .formatted(
                                        variable.getName(),
                                        variable.getValueFrom().getFieldRef().getFieldPath()));
            }
        }
        return prefix;
    }

    /** Returns the rendered properties of each listener, by its name. */
    private static SequencedMap<String, Map<String, Object>> listeners(Rendered rendered) {
        Map<String, Object> server = server(rendered);
        var listeners = new LinkedHashMap<String, Map<String, Object>>();
        listeners.put("default", server);
        group(server, "listeners")
                .forEach((name, listener) -> listeners.put(name, Chart.map(listener)));
        return listeners;
    }

    private static Map<String, Object> server(Rendered rendered) {
        return group(group(Chart.map(Chart.yaml(rendered.applicationYml())), "echo"), "server");
    }

    private static Map<String, Object> group(Map<String, Object> properties, String name) {
        return Chart.map(properties.getOrDefault(name, Map.of()));
    }

    private static void assertDoesWhatItSays(RunningJar jar, Rendered rendered) throws Exception {
        String readiness = rendered.container().getReadinessProbe().getHttpGet().getPath();
        assertThat(get(jar, readiness)).contains("\"status\":\"UP\"");

        String status = get(jar, readiness.replace("/health/readiness", "/echo"));
        assertThat(JsonPath.<Integer>read(status, "$.limits.readBufferSize"))
                .isEqualTo(
                        DataSize.parse(String.valueOf(server(rendered).get("read-buffer-size")))
                                .toBytes());
        var listeners = listeners(rendered);
        assertThat(JsonPath.<Map<String, Object>>read(status, "$.listeners"))
                .containsOnlyKeys(listeners.keySet());
        for (var listener : listeners.entrySet()) {
            assertEchoes(jar.echoPort(listener.getKey()), listener.getKey(), listener.getValue());
        }
        assertProbeSucceeds(
                rendered.testPod().getContainers().getFirst().getArgs(), jar.echoPort());
    }

    private static String get(RunningJar jar, String path) throws IOException {
        PlainHttp.Answer answer =
                new PlainHttp(jar.httpPort()).send("GET " + path, "Host: localhost");
        assertThat(answer.status()).as(path).isEqualTo(200);
        return answer.body();
    }

    private static void assertEchoes(int port, String name, Map<String, Object> listener)
            throws Exception {
        boolean proxied = "required".equals(group(listener, "proxy-protocol").get("mode"));
        boolean encrypted = group(listener, "ssl").containsKey("bundle");
        try (var plain = new Socket(InetAddress.getLoopbackAddress(), port)) {
            plain.setSoTimeout((int) EchoPeer.PATIENCE.toMillis());
            if (proxied) {
                plain.getOutputStream().write(PROXY_HEADER.getBytes(UTF_8));
            }
            Socket peer = encrypted ? encrypt(plain) : plain;
            if ("identity".equals(listener.get("greeting"))) {
                String greeting = readLine(peer.getInputStream());
                assertThat(JsonPath.<String>read(greeting, "$.listener")).isEqualTo(name);
                assertThat(JsonPath.<String>read(greeting, "$.pod")).isEqualTo("metadata.name");
                assertThat(JsonPath.<String>read(greeting, "$.peer"))
                        .isEqualTo(proxied ? CLIENT : "127.0.0.1:" + plain.getLocalPort());
                assertThat(greeting.contains("\"tls\":{")).isEqualTo(encrypted);
            }
            var sent = new byte[BYTES];
            new Random(port).nextBytes(sent);
            peer.getOutputStream().write(sent);
            peer.shutdownOutput();
            assertThat(peer.getInputStream().readAllBytes()).as(name).isEqualTo(sent);
        }
    }

    private static SSLSocket encrypt(Socket plain) throws IOException {
        var peer =
                (SSLSocket)
                        Certificates.context(Certificates.CLIENT)
                                .getSocketFactory()
                                .createSocket(plain, Certificates.HOST, plain.getPort(), true);
        var parameters = peer.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        peer.setSSLParameters(parameters);
        return peer;
    }

    private static String readLine(InputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            assertThat(next).as("the stream goes on after %s", line).isNotNegative();
            line.write(next);
        }
        return line.toString(UTF_8);
    }

    /** The chart's arguments, but for a target on this machine, a second, and a few connections. */
    private static void assertProbeSucceeds(List<String> chartArguments, int port)
            throws Exception {
        var arguments = new ArrayList<>(chartArguments);
        assertThat(arguments.getFirst()).isEqualTo("probe");
        arguments.set(1, "127.0.0.1:" + port);
        replace(arguments, "--connections", "4");
        replace(arguments, "--duration", "1s");
        replace(arguments, "--metrics-port", String.valueOf(Ports.free()));
        var command = new ArrayList<String>();
        command.add(ChildJvm.java());
        command.add("-jar");
        command.add(Objects.requireNonNull(System.getProperty("epoll-echo.exec-jar")));
        command.addAll(arguments);
        Path log = Path.of("target/rendered-probe.log");
        Process probe =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            assertThat(probe.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(probe.exitValue()).as("%s: %s", arguments, Chart.read(log)).isZero();
        } finally {
            probe.destroyForcibly();
        }
    }

    private static void replace(List<String> arguments, String option, String value) {
        int index = arguments.indexOf(option);
        if (index >= 0) {
            arguments.set(index + 1, value);
        }
    }
}
