package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Ports;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.Probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A pod of the chart, run on this machine as a process of the image with only the configuration
 * that the chart mounts.
 *
 * @param rendered the rendered chart
 * @param image the process
 * @param echoPort the echo port
 */
record DeployedPod(Rendered rendered, RunningImage image, int echoPort) implements AutoCloseable {

    /**
     * Starts a pod and waits until it is ready. The Service's name resolves to this machine and its
     * port is the echo port, so that clients of the Service reach the pod.
     *
     * @param server additional properties below {@code echo.server}, as YAML
     */
    static DeployedPod start(String server) throws IOException {
        return start(server, "");
    }

    /**
     * Starts a pod like {@link #start(String)}.
     *
     * @param spring additional properties below {@code spring}, as YAML
     */
    static DeployedPod start(String server, String spring) throws IOException {
        int echoPort = Ports.free();
        int httpPort = Ports.free();
        Rendered rendered =
                Chart.render(
                        """
                        fullnameOverride: localhost
                        service: {port: %d}
                        config:
                          echo: {server: {port: %d, %s}}
                          server: {port: %d}
                          spring: {%s}
                        test: {duration: 1s}
                        prometheusRule: {enabled: true}
                        probe: {enabled: true, metricsPort: %d, rate: 1000, interval: 100ms}
                        """
                                .formatted(
                                        echoPort,
                                        echoPort,
                                        server,
                                        httpPort,
                                        spring,
                                        Ports.free()));
        Files.createDirectories(config());
        Files.writeString(config().resolve("application.yml"), rendered.applicationYml());
        var image = RunningImage.start(Image.command(List.of()), httpPort);
        try {
            return new DeployedPod(rendered, image.awaitReady(), echoPort);
        } catch (RuntimeException | Error e) {
            image.close();
            throw e;
        }
    }

    /** Returns the directory in which the chart mounts the configuration. */
    private static Path config() {
        return Image.directory().resolve("config");
    }

    /** Returns the HTTP status that the kubelet would receive. */
    int answer(Probe probe) {
        HTTPGetAction request = probe.getHttpGet();
        String prefix = "/actuator/";
        assertThat(request.getPath()).startsWith(prefix);
        return image.actuator().get(request.getPath().substring(prefix.length())).status();
    }

    @Override
    public void close() throws IOException {
        image.close();
        try (Stream<Path> files = Files.walk(config())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
