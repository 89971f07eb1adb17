package io.epollecho.deploy;

import io.epollecho.Ports;

import org.springframework.util.FileSystemUtils;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The image that the Dockerfile builds from a copy of this checkout, on locally built base images.
 *
 * @param engine the engine that stores the image
 * @param context the copy of the checkout, readable only by its owner
 * @param ports build arguments for the ports of the training run
 */
record BuiltImage(ContainerEngine engine, Path context, Map<String, Integer> ports) {

    static final String NAME = "localhost/epoll-echo";
    static final String TAG = "built";
    static final String REVISION = "0123456789abcdef0123456789abcdef01234567";

    private static final Path DIRECTORY = Path.of("target/containers");
    private static final Path BASES = Path.of("src/test/docker/bases.sh");

    /** Maven settings that replace every repository with a directory of the build container. */
    private static final String MIRROR =
            """
            <settings>
              <mirrors>
                <mirror><id>mirror</id><mirrorOf>*</mirrorOf><url>file:///mirror</url></mirror>
              </mirrors>
            </settings>
            """;

    /**
     * Builds the image under the least favourable conditions: from files readable only by their
     * owner, with timestamps set to zero, and behind a mirror.
     */
    static BuiltImage build() throws IOException, InterruptedException {
        ContainerEngine engine = ContainerEngine.create(DIRECTORY);
        Path debian = engine.directory().resolve("debian");
        String jdk = System.getProperty("java.home");
        if (engine.run("podman", "image", "exists", "localhost/jre").exitCode() != 0) {
            engine.run("bash", BASES.toString(), jdk, debian.toString()).succeeded();
        }
        Path context = engine.directory().resolve("context");
        FileSystemUtils.deleteRecursively(context);
        Files.createDirectories(context);
        for (String part :
                List.of(
                        ".dockerignore",
                        ".mvn",
                        "Dockerfile",
                        "mvnw",
                        "pom.xml",
                        "src/launcher",
                        "src/main")) {
            copy(Path.of(part), context.resolve(part));
        }
        Files.writeString(engine.directory().resolve("settings.xml"), MIRROR);
        var image = new BuiltImage(engine, context, trainingPorts());
        String repository = System.getProperty("epoll-echo.local-repository");
        image.rebuild(TAG, "--volume", repository + ":/mirror:ro").succeeded();
        return image;
    }

    /** Returns free ports, because the build container shares the network of this machine. */
    private static Map<String, Integer> trainingPorts() {
        return Map.of(
                "TRAIN_ECHO_PORT", Ports.free(),
                "TRAIN_LISTENER_PORT", Ports.free(),
                "TRAIN_HTTP_PORT", Ports.free());
    }

    /** Rebuilds the image without the files of the mirror, with additional Buildah options. */
    ContainerEngine.Outcome rebuild(String tag, String... options)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("buildah", "bud", "--isolation", "chroot"));
        command.addAll(List.of("--layers", "--timestamp", "0", "--tag", NAME + ":" + tag));
        command.addAll(List.of("--secret", "id=maven-settings,src=" + settings()));
        argument(command, "JDK_IMAGE", "localhost/jdk");
        argument(command, "JRE_IMAGE", "localhost/jre");
        argument(command, "MAVEN_ARGS", "-s /run/secrets/maven-settings");
        ports.forEach((name, port) -> argument(command, name, String.valueOf(port)));
        argument(command, "REVISION", REVISION);
        command.addAll(List.of(options));
        command.add(context.toString());
        return engine.run(command);
    }

    private Path settings() {
        return engine.directory().resolve("settings.xml");
    }

    private static void argument(List<String> command, String name, String value) {
        command.addAll(List.of("--build-arg", name + "=" + value));
    }

    /** Runs the image with the given arguments and waits until it exits. */
    ContainerEngine.Outcome run(List<String> options, String... arguments)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("podman", "run", "--rm", "--network", "host"));
        command.addAll(options);
        command.add(NAME + ":" + TAG);
        command.addAll(List.of(arguments));
        return engine.run(command);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                boolean directory = Files.isDirectory(file);
                if (directory) {
                    Files.createDirectories(copy);
                } else {
                    Files.createDirectories(Objects.requireNonNull(copy.getParent()));
                    Files.copy(file, copy);
                }
                String mode = directory || Files.isExecutable(file) ? "rwx------" : "rw-------";
                Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString(mode));
            }
        }
    }
}
