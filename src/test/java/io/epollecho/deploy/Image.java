package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * What the Dockerfile puts into an image, in a directory; made once, by a script, with no engine.
 */
final class Image {

    private static final Path SCRIPT = Path.of("src/test/docker/image.sh");
    private static final Path DIRECTORY = Path.of("target/image");
    private static final Duration BUILD = Duration.ofMinutes(5);
    private static final String CACHE_OPTION = "-XX:AOTCache=";
    private static final String APPLICATION = "epoll-echo.jar";

    /** That of a container by the chart's defaults; more would hide what is too much there. */
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

    /** Where the image keeps the application. */
    static Path directory() {
        return BUILT;
    }

    /** The command of a container: the image's entrypoint, the arguments and the memory it gets. */
    static List<String> command(List<String> arguments) {
        var command = new ArrayList<>(Dockerfile.read().entrypoint());
        assertThat(command.removeFirst()).isEqualTo("java");
        command.addFirst(MEMORY);
        command.addFirst(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(arguments);
        return command;
    }

    /** The same for a comparison: the extracted application with the cache left out. */
    static List<String> commandWithoutCache(List<String> arguments) {
        var command = new ArrayList<>(command(arguments));
        assertThat(command.removeIf(option -> option.startsWith(CACHE_OPTION))).isTrue();
        return command;
    }

    /** The same for a comparison: the jar that the application was extracted from. */
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
