package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.Actuator;
import io.epollecho.Ports;

import org.yaml.snakeyaml.Yaml;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A pod of the chart in real containers: Podman plays the rendered Deployment with its ConfigMap.
 *
 * @param engine the engine that runs the pod
 * @param manifest the file that Podman played
 * @param name the name of the container
 * @param echoPort the echo port
 * @param httpPort the port of the actuator
 */
record PlayedPod(ContainerEngine engine, Path manifest, String name, int echoPort, int httpPort)
        implements AutoCloseable {

    private static final Duration START = Duration.ofSeconds(60);

    /**
     * Fields that Podman does not support, namely HTTP probes and the sleep before SIGTERM, and the
     * ports, which are not needed because the pod uses the network of this machine.
     */
    private static final Set<String> OF_THE_KUBELET =
            Set.of("ports", "startupProbe", "livenessProbe", "readinessProbe", "lifecycle");

    private static final Set<String> PLAYED = Set.of("ConfigMap", "Deployment");

    /**
     * Starts a pod and waits until it is ready.
     *
     * @param server properties below {@code echo.server}, as YAML
     * @param values additional values of the chart, as YAML
     * @param extra objects that the pod needs, as YAML
     */
    static PlayedPod start(ContainerEngine engine, String server, String values, String extra)
            throws IOException, InterruptedException {
        int echoPort = Ports.free();
        int httpPort = Ports.free();
        Rendered rendered =
                Chart.render(
                        """
                        fullnameOverride: played
                        image: {repository: %s, tag: %s}
                        replicaCount: 1
                        config:
                          echo: {server: {port: %d, %s}}
                          server: {port: %d}
                        %s
                        """
                                .formatted(
                                        BuiltImage.NAME,
                                        BuiltImage.TAG,
                                        echoPort,
                                        server,
                                        httpPort,
                                        values));
        List<Object> objects = new ArrayList<>();
        if (!extra.isEmpty()) {
            objects.add(Chart.yaml(extra));
        }
        rendered.objects().stream()
                .filter(object -> PLAYED.contains(String.valueOf(object.get("kind"))))
                .map(PlayedPod::withoutKubelet)
                .forEach(objects::add);
        Path manifest = engine.directory().resolve("manifest.yaml");
        Files.writeString(manifest, new Yaml().dumpAll(objects.iterator()));
        engine.run("podman", "play", "kube", "--network", "host", manifest.toString()).succeeded();
        var pod = new PlayedPod(engine, manifest, "played-pod-0-epoll-echo", echoPort, httpPort);
        try {
            pod.awaitReady();
            return pod;
        } catch (RuntimeException | Error e) {
            String log = pod.log();
            pod.close();
            throw new AssertionError(log, e);
        }
    }

    private static Object withoutKubelet(Map<String, Object> object) {
        Map<String, Object> copy = Chart.copy(object);
        if ("Deployment".equals(copy.get("kind"))) {
            List<String> pod = List.of("spec", "template", "spec");
            Map<String, Object> spec = Chart.map(Objects.requireNonNull(Chart.valueAt(copy, pod)));
            for (Object container : (List<?>) Objects.requireNonNull(spec.get("containers"))) {
                Chart.map(container).keySet().removeAll(OF_THE_KUBELET);
                Object variables = Chart.map(container).get("env");
                ((List<?>) Objects.requireNonNull(variables)).forEach(PlayedPod::resolve);
            }
            ((List<?>) Objects.requireNonNull(spec.get("volumes")))
                    .forEach(PlayedPod::readFromConfigMap);
        }
        return copy;
    }

    /** Podman 4.3 supports only some fields of the downward API, so constants replace them. */
    private static void resolve(Object variable) {
        if (Chart.map(variable).remove("valueFrom") != null) {
            Chart.map(variable).put("value", "played");
        }
    }

    /** Podman 4.3 fails to mount a Secret, so a ConfigMap replaces it. */
    private static void readFromConfigMap(Object volume) {
        Object secret = Chart.map(volume).remove("secret");
        if (secret != null) {
            Object name = Objects.requireNonNull(Chart.map(secret).get("secretName"));
            Chart.map(volume).put("configMap", Map.of("name", name));
        }
    }

    private void awaitReady() {
        await().atMost(START)
                .ignoreExceptions()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> actuator().get("health/readiness").status() == 200);
    }

    Actuator actuator() {
        return new Actuator(httpPort);
    }

    String log() throws IOException, InterruptedException {
        return engine.run("podman", "logs", name).output();
    }

    /** Returns a value of the container's state. */
    private String inspect(String path) throws IOException, InterruptedException {
        return engine.run("podman", "inspect", "--format", "{{" + path + "}}", name)
                .succeeded()
                .output()
                .strip();
    }

    /** Returns a field of the process's {@code /proc/PID/status}. */
    String status(String field) throws IOException, InterruptedException {
        String status = Chart.read(Path.of("/proc", inspect(".State.Pid"), "status"));
        Matcher line = Pattern.compile("(?m)^" + field + ":\\s*(.*)$").matcher(status);
        assertThat(line.find()).as("%s in %s", field, status).isTrue();
        return line.group(1);
    }

    /** Returns the memory limit of the container in bytes, or empty without a control group. */
    OptionalLong memoryLimit() throws IOException, InterruptedException {
        return controlGroup("memory.limit_in_bytes", "memory.max");
    }

    /** Returns the container's peak memory use in bytes, including cached files. */
    OptionalLong memoryPeak() throws IOException, InterruptedException {
        return controlGroup("memory.max_usage_in_bytes", "memory.peak");
    }

    private OptionalLong controlGroup(String first, String second)
            throws IOException, InterruptedException {
        for (String line : Files.readAllLines(Path.of("/proc", inspect(".State.Pid"), "cgroup"))) {
            String[] parts = line.split(":", 3);
            Optional<Path> file =
                    parts[1].equals("memory")
                            ? existing("/sys/fs/cgroup/memory" + parts[2], first)
                            : parts[1].isEmpty()
                                    ? existing("/sys/fs/cgroup" + parts[2], second)
                                    : Optional.empty();
            if (file.isPresent()) {
                String value = Chart.read(file.get()).strip();
                return value.equals("max")
                        ? OptionalLong.of(Long.MAX_VALUE)
                        : OptionalLong.of(Long.parseLong(value));
            }
        }
        return OptionalLong.empty();
    }

    private static Optional<Path> existing(String directory, String file) {
        return Optional.of(Path.of(directory, file)).filter(Files::isReadable);
    }

    /** Sends SIGTERM, waits until the container exits, and returns the exit code. */
    int stop() throws IOException, InterruptedException {
        engine.run("podman", "stop", "--time", "60", name).succeeded();
        return Integer.parseInt(inspect(".State.ExitCode"));
    }

    @Override
    public void close() throws IOException {
        try {
            engine.run("podman", "pod", "rm", "--force", "played-pod-0");
            engine.run("podman", "volume", "rm", "--all", "--force");
            Files.deleteIfExists(manifest);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
