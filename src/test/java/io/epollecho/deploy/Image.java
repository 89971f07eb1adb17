package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.ChildJvm;
import io.epollecho.Ports;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The contents of the image that the Dockerfile builds, in a directory. A script creates it once,
 * without a container engine.
 */
final class Image {

    private static final Path SCRIPT = Path.of("src/test/docker/image.sh");
    private static final Path DIRECTORY = Path.of("target/image");
    private static final Duration BUILD = Duration.ofMinutes(5);
    private static final String CACHE_OPTION = "-XX:AOTCache=";
    private static final String APPLICATION = "epoll-echo.jar";

    /** The chart's default memory limit. With more memory, excessive use would go unnoticed. */
    private static final String MEMORY = "-XX:MaxRAM=160m";

    private static final Path BUILT = build();

    private Image() {}

    private static Path build() {
        try {
            Files.createDirectories(DIRECTORY.getParent());
            Path log = DIRECTORY.resolveSibling("image.log");
            var builder =
                    new ProcessBuilder(
                                    "bash", SCRIPT.toString(), runnableJar(), DIRECTORY.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile());
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            builder.environment().put("TRAIN_ECHO_PORT", String.valueOf(Ports.free()));
            builder.environment().put("TRAIN_LISTENER_PORT", String.valueOf(Ports.free()));
            builder.environment().put("TRAIN_HTTP_PORT", String.valueOf(Ports.free()));
            Process process = builder.start();
            try {
                assertThat(process.waitFor(BUILD.toSeconds(), TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).as("%s", Chart.read(log)).isZero();
            } finally {
                process.destroyForcibly();
            }
            return DIRECTORY;
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Returns the directory with the contents of the image's {@code /app}. */
    static Path directory() {
        return BUILT;
    }

    /** Returns the image's entrypoint with the given arguments and the memory limit. */
    static List<String> command(List<String> arguments) {
        var command = new ArrayList<>(Dockerfile.read().entrypoint());
        assertThat(command.removeFirst()).isEqualTo("java");
        command.addFirst(MEMORY);
        command.addFirst(ChildJvm.java());
        command.addAll(arguments);
        return command;
    }

    /** Returns the command that starts the extracted application without the cache. */
    static List<String> commandWithoutCache(List<String> arguments) {
        var command = new ArrayList<>(command(arguments));
        assertThat(command.removeIf(option -> option.startsWith(CACHE_OPTION))).isTrue();
        return command;
    }

    /** Returns the command that starts the runnable jar. */
    static List<String> commandOfRunnableJar(List<String> arguments) {
        var command = new ArrayList<>(commandWithoutCache(arguments));
        assertThat(command.contains(APPLICATION)).isTrue();
        command.set(command.indexOf(APPLICATION), runnableJar());
        return command;
    }

    private static String runnableJar() {
        return Objects.requireNonNull(System.getProperty("epoll-echo.exec-jar"));
    }
}
