package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.ChildJvm;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Integration tests of the probe in the runnable jar. */
@Timeout(120)
class ProbeIT {

    @Test
    void runsFromTheRunnableJarWithoutSpring() throws Exception {
        try (var server = new FaultyEchoServer((peer, bytes, _) -> peer.send(bytes))) {
            Process probe = start(server, "--count", "1000");
            assertThat(output(probe))
                    .contains("messages     1000 of 1000 planned")
                    .doesNotContainIgnoringCase("spring");
            assertThat(probe.waitFor()).isZero();
        }
    }

    @Test
    void writesTheSummaryWhenInterrupted() throws Exception {
        try (var server = new FaultyEchoServer((peer, bytes, _) -> peer.send(bytes))) {
            Process probe = start(server, "--duration", "0");
            try (BufferedReader progress = probe.errorReader(StandardCharsets.UTF_8)) {
                assertThat(progress.readLine()).contains("connections 1");
                assertThat(interrupt(probe)).isZero();
                assertThat(output(probe)).contains("every byte came back right");
                assertThat(probe.waitFor()).isZero();
            }
        }
    }

    /** Uses the shell's built-in kill, because not every machine has a kill program. */
    private static int interrupt(Process process) throws IOException, InterruptedException {
        return new ProcessBuilder("sh", "-c", "kill -INT " + process.pid()).start().waitFor();
    }

    private static Process start(FaultyEchoServer server, String... options) throws IOException {
        String jar =
                Objects.requireNonNull(System.getProperty("epoll-echo.exec-jar"), "the jar's path");
        var command =
                new ArrayList<>(
                        List.of(
                                // Background jobs of a shell, and their children, ignore SIGINT.
                                "env",
                                "--default-signal=INT",
                                ChildJvm.java(),
                                "-jar",
                                jar,
                                "probe",
                                "127.0.0.1:" + server.address().getPort()));
        command.addAll(List.of(options));
        Process probe = new ProcessBuilder(command).start();
        // The timeout of the test does not interrupt reading from the process.
        CompletableFuture.delayedExecutor(60, TimeUnit.SECONDS).execute(probe::destroyForcibly);
        return probe;
    }

    private static String output(Process process) throws IOException {
        try (var reader = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)) {
            return reader.readAllAsString();
        }
    }
}
