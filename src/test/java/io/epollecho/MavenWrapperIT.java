package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/** Tests for {@code ./mvnw} on machines with different tools. Each test downloads Maven. */
class MavenWrapperIT {

    /** The tools of every POSIX system, and the one that computes the checksum. */
    private static final List<String> ESSENTIAL_TOOLS =
            List.of(
                    "basename",
                    "cat",
                    "chmod",
                    "dirname",
                    "mkdir",
                    "mktemp",
                    "mv",
                    "rm",
                    "sha256sum",
                    "sh",
                    "tr",
                    "uname");

    private static final Path SCRIPT = Path.of("mvnw");
    private static final Path PROPERTIES = Path.of(".mvn/wrapper/maven-wrapper.properties");
    private static final Path JDK = Path.of(System.getProperty("java.home"));

    @TempDir private Path directory;
    private Path tools;
    private Path mavenUserHome;

    /** The exit code and the output of the wrapper. */
    private record Outcome(int exitCode, String output) {}

    @BeforeEach
    void needsTheNetwork() {
        assumeFalse(Boolean.getBoolean("epoll-echo.offline"), "Maven is offline");
    }

    @BeforeEach
    void provideEssentialTools() throws IOException {
        tools = Files.createDirectory(directory.resolve("tools"));
        mavenUserHome = directory.resolve("maven-user-home");
        for (String tool : ESSENTIAL_TOOLS) {
            provide(tool);
        }
    }

    @Test
    void runsWithNothingButJdkOnPath() throws Exception {
        ProcessBuilder builder = builder(SCRIPT);
        builder.environment().merge("PATH", JDK + "/bin", (path, jdk) -> path + ":" + jdk);
        assertRunsPinnedMaven(run(builder));
    }

    @ParameterizedTest
    @ValueSource(strings = {"curl", "wget", "unzip"})
    void runsWithJavaHomeAnd(String tool) throws Exception {
        assumeTrue(find(tool).isPresent(), tool + " is not installed");
        provide(tool);
        assertRunsPinnedMaven(run(withJavaHome(builder(SCRIPT))));
    }

    @Test
    void refusesDistributionWithAnotherChecksum() throws Exception {
        Path script = Files.copy(SCRIPT, directory.resolve(SCRIPT));
        Path properties = directory.resolve(PROPERTIES);
        Files.createDirectories(properties.getParent());
        String wrong = "0".repeat(64);
        Files.writeString(
                properties,
                Files.readString(PROPERTIES)
                        .replaceAll("(?m)^(distributionSha256Sum)=.*", "$1=" + wrong));

        Outcome outcome = run(withJavaHome(builder(script)));

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.output()).contains("Failed to validate Maven distribution SHA-256");
        try (Stream<Path> files = Files.walk(mavenUserHome)) {
            assertThat(files).noneMatch(file -> file.endsWith("bin/mvn"));
        }
    }

    private static void assertRunsPinnedMaven(Outcome outcome) throws IOException {
        var properties = new Properties();
        try (var reader = Files.newBufferedReader(PROPERTIES)) {
            properties.load(reader);
        }
        String version =
                properties
                        .getProperty("distributionUrl")
                        .replaceAll(".*/apache-maven-(.*)-bin\\.zip", "$1");
        assertThat(outcome.exitCode()).as("%s", outcome.output()).isZero();
        assertThat(outcome.output()).contains("Apache Maven " + version + " ");
    }

    /** Adds a tool of this machine to the wrapper's path. */
    private void provide(String tool) throws IOException {
        Path launcher = tools.resolve(tool);
        Files.writeString(
                launcher, "#!/bin/sh\nexec %s \"$@\"\n".formatted(find(tool).orElseThrow()));
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
    }

    private static Optional<Path> find(String tool) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private ProcessBuilder builder(Path script) {
        var builder = new ProcessBuilder(script.toAbsolutePath().toString(), "--version");
        builder.environment().remove("JAVA_HOME");
        builder.environment().put("PATH", tools.toString());
        builder.environment().put("MAVEN_USER_HOME", mavenUserHome.toString());
        return builder.redirectErrorStream(true);
    }

    private static ProcessBuilder withJavaHome(ProcessBuilder builder) {
        builder.environment().put("JAVA_HOME", JDK.toString());
        return builder;
    }

    private static Outcome run(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }
}
