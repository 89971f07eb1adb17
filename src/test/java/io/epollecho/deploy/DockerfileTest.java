package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** What can be seen in the Dockerfile; {@link ImageIT} runs what it describes. */
class DockerfileTest {

    private static final Dockerfile FILE = Dockerfile.read();

    /** A shell would be process 1 then, and SIGTERM would end with it. */
    @Test
    void startsTheJvmItself() {
        assertThat(FILE.entrypoint()).startsWith("java").doesNotContain("sh", "-c", "bash");
    }

    /** By its number, as Kubernetes cannot tell whether a name is not root. */
    @Test
    void trainsAndRunsAsTheUserThatTheChartRunsItAs() {
        var security = Chart.renderDefaults().pod().getSecurityContext();
        List<String> instructions = FILE.instructions();
        String user = "USER %d:%d".formatted(security.getRunAsUser(), security.getRunAsGroup());
        assertThat(instructions.indexOf(user))
                .isPositive()
                .isLessThan(instructions.indexOf("RUN ./train.sh /app /tmp/training"));
        assertThat(FILE.all("USER")).hasSize(1);
    }

    /** A base that is not the default is one that the builder chose. */
    @Test
    void basesAreArguments() {
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

    /** The build itself compares this one with that of the application. */
    @Test
    void versionIsThatOfTheChartsImage() {
        Path chart = Chart.DIRECTORY.resolve("Chart.yaml");
        assertThat(FILE.all("ARG"))
                .contains("VERSION=" + Chart.map(Chart.yaml(Chart.read(chart))).get("appVersion"));
    }

    @Test
    void ignoresAllButWhatItCopies() {
        assertThat(Chart.read(Path.of(".dockerignore")).lines())
                .filteredOn(line -> !line.startsWith("#"))
                .containsExactly("*", "!.mvn", "!mvnw", "!pom.xml", "!src/main");
    }

    /** Or what is tested without a container engine would not be what the image is. */
    @Test
    void scriptWithoutAnEngineTakesTheSameSteps() {
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
    void saysWhatItIs() {
        assertThat(FILE.lastStage().all("LABEL"))
                .singleElement()
                .asString()
                .contains("org.opencontainers.image.title", "org.opencontainers.image.version");
        assertThat(FILE.lastStage().all("EXPOSE")).containsExactly("7777 8080");
    }
}
