package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Tests for the Dockerfile's text. {@link ImageIT} executes its steps. */
class DockerfileTest {

    private static final Dockerfile FILE = Dockerfile.read();

    /** A shell would be process 1 and would not forward SIGTERM to the JVM. */
    @Test
    void startsTheJvmWithoutAShell() {
        assertThat(FILE.entrypoint()).startsWith("java").doesNotContain("sh", "-c", "bash");
    }

    /** The user is a number, because Kubernetes cannot verify that a user name is not root. */
    @Test
    void trainsAndRunsAsTheUserOfTheChart() {
        var security = Chart.renderDefaults().pod().getSecurityContext();
        List<String> instructions = FILE.instructions();
        String user = "USER %d:%d".formatted(security.getRunAsUser(), security.getRunAsGroup());
        assertThat(instructions.indexOf(user))
                .isPositive()
                .isLessThan(instructions.indexOf("RUN ./train.sh /app /tmp/training"));
        assertThat(FILE.all("USER")).hasSize(1);
    }

    /** Whoever builds the image can choose other base images. */
    @Test
    void baseImagesAreArguments() {
        assertThat(FILE.all("ARG"))
                .contains(
                        "JDK_IMAGE=docker.io/library/eclipse-temurin:25-jdk-noble",
                        "JRE_IMAGE=docker.io/library/eclipse-temurin:25-jre-noble");
        assertThat(FILE.all("FROM"))
                .containsExactly(
                        "--platform=$BUILDPLATFORM ${JDK_IMAGE} AS build",
                        "${JRE_IMAGE} AS application",
                        "application AS training",
                        "application");
    }

    /** The build itself compares this version with that of the application. */
    @Test
    void versionMatchesTheChart() {
        Path chart = Chart.DIRECTORY.resolve("Chart.yaml");
        assertThat(FILE.all("ARG"))
                .contains("VERSION=" + Chart.map(Chart.yaml(Chart.read(chart))).get("appVersion"));
    }

    @Test
    void ignoresAllFilesThatAreNotCopied() {
        assertThat(Chart.read(Path.of(".dockerignore")).lines())
                .filteredOn(line -> !line.startsWith("#"))
                .containsExactly("*", "!.mvn", "!mvnw", "!pom.xml", "!src/launcher", "!src/main");
    }

    /** Otherwise the tests without a container engine would test something else than the image. */
    @Test
    void scriptWithoutAnEngineRunsTheSameSteps() {
        String extract =
                FILE.all("RUN").stream()
                        .filter(command -> command.contains("-Djarmode=tools"))
                        .map(command -> command.substring(command.indexOf(" extract ")))
                        .map(command -> command.substring(0, command.indexOf(" --destination")))
                        .findFirst()
                        .orElseThrow();
        String layers =
                FILE.all("COPY").stream()
                        .filter(copy -> copy.startsWith("--from=build "))
                        .filter(copy -> !copy.contains("/container/"))
                        .map(copy -> copy.replaceAll(".*/extracted/(.*)/ .*", "$1"))
                        .collect(Collectors.joining(" "));
        List<String> entrypoint = FILE.entrypoint();
        assertThat(Chart.read(Path.of("src/test/docker/image.sh")))
                .contains(
                        extract,
                        "for layer in " + layers + ";",
                        String.join(" ", entrypoint.subList(1, entrypoint.size())) + " \"$@\"");
    }

    @Test
    void hasLabelsAndPorts() {
        assertThat(FILE.lastStage().all("LABEL"))
                .singleElement()
                .asString()
                .contains("org.opencontainers.image.title", "org.opencontainers.image.version");
        assertThat(FILE.lastStage().all("EXPOSE")).containsExactly("7777 8080");
    }
}
