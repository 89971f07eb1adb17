package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.Actuator;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The process of the image, run without a container.
 *
 * @param process the JVM
 * @param log the file with its output
 * @param httpPort the port of the actuator
 */
record RunningImage(Process process, Path log, int httpPort) implements AutoCloseable {

    private static final Duration START = Duration.ofMinutes(2);

    static RunningImage start(List<String> command, int httpPort) throws IOException {
        Path log = Files.createTempFile(Path.of("target"), "container", ".log");
        Process process =
                new ProcessBuilder(command)
                        .directory(Image.directory().toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        return new RunningImage(process, log, httpPort);
    }

    /** Waits until the process reports that it is ready, polling every 5 ms. */
    RunningImage awaitReady() {
        await().atMost(START)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> !process.isAlive() || isReady());
        assertThat(process.isAlive()).as("%s", Chart.read(log)).isTrue();
        return this;
    }

    /** Uses a plain socket, because the startup of an HTTP client would distort the figure. */
    private boolean isReady() {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), httpPort));
            OutputStream out = socket.getOutputStream();
            out.write(
                    "GET /actuator/health/readiness HTTP/1.0\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            var status = new String(socket.getInputStream().readNBytes(12), StandardCharsets.UTF_8);
            return status.endsWith(" 200");
        } catch (IOException e) {
            return false;
        }
    }

    Actuator actuator() {
        return new Actuator(httpPort);
    }

    /** Returns a memory figure of {@code /proc/PID/status} in MiB. */
    long memory(String name) {
        String status = Chart.read(Path.of("/proc", String.valueOf(process.pid()), "status"));
        Matcher line = Pattern.compile(name + ":\\s+(\\d+) kB").matcher(status);
        assertThat(line.find()).as("%s in %s", name, status).isTrue();
        return Long.parseLong(line.group(1)) / 1024;
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Waits until the process exits and returns the exit code. */
    int awaitExit(Duration atMost) throws InterruptedException {
        assertThat(process.waitFor(atMost.toNanos(), TimeUnit.NANOSECONDS))
                .as("exits within %s", atMost)
                .isTrue();
        return process.exitValue();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        Files.deleteIfExists(log);
    }
}
