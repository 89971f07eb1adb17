package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Buildah and Podman with a separate store, isolated from the machine's images and containers.
 *
 * @param directory the directory of the store
 */
record ContainerEngine(Path directory) {

    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final List<String> TOOLS =
            List.of("debootstrap", "buildah", "podman", "runc", "catatonit");

    /** The exit code and the output of a command. */
    record Outcome(int exitCode, String output) {

        Outcome succeeded() {
            assertThat(exitCode).as("%s", output).isZero();
            return this;
        }
    }

    /** Returns the reason if this machine cannot build and run images. */
    static Optional<String> missing() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return Optional.of("building the image requires root");
        }
        List<String> missing = TOOLS.stream().filter(tool -> !isInstalled(tool)).toList();
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of("building the image requires " + String.join(", ", missing));
    }

    private static boolean isInstalled(String tool) {
        return Stream.concat(
                        Stream.of(System.getenv("PATH").split(":")),
                        Stream.of("/usr/sbin", "/sbin", "/usr/libexec/podman"))
                .anyMatch(path -> Files.isExecutable(Path.of(path, tool)));
    }

    /** Creates an empty store. */
    static ContainerEngine create(Path directory) throws IOException {
        Path home = directory.toAbsolutePath();
        Files.createDirectories(home.resolve("tmp"));
        // Use a short path, because it contains a socket, whose path is limited to 108 characters.
        Path run = Files.createTempDirectory("echo");
        Files.writeString(
                home.resolve("storage.conf"),
                """
                [storage]
                driver = "overlay"
                graphroot = "%s/store"
                runroot = "%s/store"
                """
                        .formatted(home, run));
        // The engine's default limits exceed those allowed to a nested container.
        Files.writeString(
                home.resolve("containers.conf"),
                """
                [containers]
                default_ulimits = ["nofile=16384:16384", "nproc=4096:4096"]
                [engine]
                runtime = "runc"
                cgroup_manager = "cgroupfs"
                events_logger = "file"
                tmp_dir = "%s/engine"
                """
                        .formatted(run));
        return new ContainerEngine(home);
    }

    /** Returns a builder for a command with the environment of this store. */
    ProcessBuilder command(List<String> command) {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .put("CONTAINERS_STORAGE_CONF", directory.resolve("storage.conf").toString());
        builder.environment()
                .put("CONTAINERS_CONF", directory.resolve("containers.conf").toString());
        builder.environment().put("TMPDIR", directory.resolve("tmp").toString());
        builder.environment().merge("PATH", "/usr/sbin:/sbin", (path, more) -> path + ":" + more);
        return builder;
    }

    Outcome run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory.resolve("tmp"), "output", ".log");
        Process process = command(command).redirectOutput(output.toFile()).start();
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("%s: %s", command, Chart.read(output))
                    .isTrue();
            return new Outcome(process.exitValue(), Chart.read(output));
        } finally {
            process.destroyForcibly();
            Files.delete(output);
        }
    }

    Outcome run(String... command) throws IOException, InterruptedException {
        return run(List.of(command));
    }

    /** Removes all pods and containers. The images remain. */
    void close() throws IOException, InterruptedException {
        run("podman", "pod", "rm", "--all", "--force");
        run("podman", "rm", "--all", "--force");
        run("buildah", "rm", "--all");
    }
}
