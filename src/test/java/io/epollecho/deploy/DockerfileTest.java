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
    void runsAsTheUserThatTheChartRunsItAs() {
        var security = Chart.renderDefaults().pod().getSecurityContext();
        assertThat(FILE.lastStage().all("USER"))
                .containsExactly(
                        "%d:%d".formatted(security.getRunAsUser(), security.getRunAsGroup()));
    }

    /** Everything up to the sources is kept while only they change. */
    @Test
    void downloadsBeforeItCopiesTheSources() {
        List<String> instructions = FILE.instructions();
        assertThat(instructions.indexOf("COPY src src"))
                .isGreaterThan(instructions.indexOf("RUN ./mvnw -q -B -ntp dependency:go-offline"))
                .isPositive();
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
                FILE.lastStage().all("COPY").stream()
                        .filter(copy -> copy.startsWith("--from=build "))
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
