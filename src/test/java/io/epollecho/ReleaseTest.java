package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Node;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathFactory;

/** Tests for what a release consists of, and for the workflow that makes it. */
class ReleaseTest {

    private static final Path WORKFLOWS = Path.of(".github/workflows");
    private static final Path RELEASE = WORKFLOWS.resolve("release.yml");
    private static final Path DEPENDABOT = Path.of(".github/dependabot.yml");
    private static final Path POM = Path.of("pom.xml");

    private static final String REPOSITORY = "https://github.com/epollecho/epoll-echo";

    private static final Pattern USES = Pattern.compile("^\\s*(?:- )?uses: *(.*)$");
    private static final Pattern PINNED =
            Pattern.compile("([\\w./-]+)@([0-9a-f]{40}) # (v\\d+\\.\\d+\\.\\d+)");

    @TempDir private Path directory;

    /** Maven takes each element that is missing here from the parent, which is Spring Boot's. */
    @ParameterizedTest
    @CsvSource({
        "url, " + REPOSITORY,
        "scm/url, " + REPOSITORY,
        "scm/connection, scm:git:" + REPOSITORY + ".git",
        "scm/developerConnection, scm:git:ssh://git@github.com/epollecho/epoll-echo.git",
        "issueManagement/url, " + REPOSITORY + "/issues",
        "organization/name, The epoll-echo project",
        "organization/url, https://github.com/epollecho",
        "developers/developer/name, The epoll-echo contributors",
        "developers/developer/organization, The epoll-echo project",
        "licenses/license/name, Apache-2.0",
        "licenses/license/url, https://www.apache.org/licenses/LICENSE-2.0.txt"
    })
    void metadataIsTheProjectsOwn(String element, String expected) throws Exception {
        var document = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        Node value =
                XPathFactory.newInstance()
                        .newXPath()
                        .evaluateExpression(
                                "/project/" + element, document.parse(POM.toFile()), Node.class);
        assertThat(value).as(element).isNotNull();
        assertThat(value.getTextContent()).isEqualTo(expected);
    }

    /** A tag can be moved to other code; a digest cannot. */
    @Test
    void everyActionIsPinnedToADigest() throws Exception {
        var digests = new HashMap<String, String>();
        for (Path workflow : workflows()) {
            for (String action : usedActions(workflow)) {
                Matcher matcher = PINNED.matcher(action);
                assertThat(matcher.matches())
                        .as("%s pins %s as action@digest # vX.Y.Z", workflow, action)
                        .isTrue();
                String pin = matcher.group(2) + " # " + matcher.group(3);
                assertThat(pin)
                        .as("the pin of %s is the same everywhere", matcher.group(1))
                        .isEqualTo(digests.computeIfAbsent(matcher.group(1), _ -> pin));
            }
        }
        assertThat(digests)
                .containsKeys(
                        "actions/checkout",
                        "actions/attest-build-provenance",
                        "anchore/sbom-action/download-syft");
    }

    @ParameterizedTest
    @CsvSource({
        "0.1.0-SNAPSHOT, v0.1.0-SNAPSHOT, a SNAPSHOT cannot be released",
        "0.1.0-SNAPSHOT, v0.1.0, a SNAPSHOT cannot be released",
        "1.2.3, v1.2.4, 'the tag is v1.2.4, but pom.xml has version 1.2.3'",
        "1.2.3, 1.2.3, 'the tag is 1.2.3, but pom.xml has version 1.2.3'"
    })
    void refusesATagThatCannotBeReleased(String version, String tag, String reason)
            throws Exception {
        Outcome outcome = checkVersion(version, tag);
        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.output().lines()).singleElement().asString().contains(reason);
    }

    @Test
    void acceptsTheTagOfTheVersion() throws Exception {
        assertThat(checkVersion("1.2.3", "v1.2.3")).isEqualTo(new Outcome(0, "1.2.3\n"));
    }

    @Test
    void everyJobWaitsForTheCheckOfTheVersion() {
        assertThat(jobs())
                .allSatisfy(
                        (name, job) ->
                                assertThat(
                                                name.equals("version")
                                                        || needs(name).contains("version"))
                                        .as("%s needs version", name)
                                        .isTrue());
    }

    /** The image contains the code of the jars, so nobody sees it before their origin is known. */
    @Test
    void jarsAreAttestedBeforeTheImageIsBuilt() {
        List<Map<?, ?>> steps = steps("jars");
        assertThat(steps)
                .extracting(step -> String.valueOf(step.get("name")))
                .containsSubsequence(
                        "Build and sign the jars, and upload them to Maven Central",
                        "Attest the jars");
        Map<?, ?> attest = step(steps, "Attest the jars");
        assertThat(attest.get("uses")).asString().startsWith("actions/attest-build-provenance@");
        assertThat(attest.get("with")).isEqualTo(Map.of("subject-path", "target/*.jar"));
        List<String> imageJobs =
                jobs().keySet().stream()
                        .filter(name -> commands(name).matches("(?s).*\\.ci/(image|publish)\\b.*"))
                        .toList();
        assertThat(imageJobs)
                .containsExactly("image", "publish")
                .allSatisfy(name -> assertThat(needs(name)).contains("jars"));
    }

    @Test
    void contentsOfTheImageAreAttestedForEachArchitecture() {
        assertThat(commands("image")).contains(".ci/sbom release");
        for (String architecture : List.of("amd64", "arm64")) {
            Map<?, ?> attest =
                    step(steps("publish"), "Attest the contents of the image for " + architecture);
            assertThat(attest.get("uses")).asString().startsWith("actions/attest@");
            assertThat((Map<?, ?>) attest.get("with"))
                    .extracting("sbom-path", "subject-digest")
                    .containsExactly(
                            "release/image-" + architecture + "/image.cdx.json",
                            "${{ steps.image.outputs." + architecture + " }}");
        }
    }

    @Test
    void listOfTheImageMustBeComplete() throws Exception {
        Outcome outcome = listImage("");
        assertThat(outcome).isEqualTo(new Outcome(0, ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"jars of the application", "Java runtime", "system packages"})
    void listOfTheImageWithoutAPartIsRefused(String part) throws Exception {
        Outcome outcome = listImage(part);
        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.output()).contains("image.cdx.json does not contain the " + part);
    }

    /** A step can use only what its job is allowed, so the build gets nothing. */
    @Test
    void onlyJobsThatPublishMayWrite() {
        assertThat(yaml(RELEASE).get("permissions")).isEqualTo(Map.of());
        var writers = new HashMap<String, Set<String>>();
        jobs().forEach(
                        (name, job) -> {
                            for (var permission : map(job, "permissions").entrySet()) {
                                if ("write".equals(permission.getValue())) {
                                    writers.computeIfAbsent(name, _ -> new LinkedHashSet<>())
                                            .add((String) permission.getKey());
                                }
                            }
                        });
        assertThat(writers)
                .isEqualTo(
                        Map.of(
                                "jars",
                                Set.of("id-token", "attestations"),
                                "publish",
                                Set.of("contents", "packages", "id-token", "attestations")));
    }

    @Test
    void dependencyUpdatesCoverEverythingThatIsPinned() {
        var ecosystems = new HashMap<String, String>();
        for (Object update : (List<?>) value(yaml(DEPENDABOT), "updates")) {
            Map<?, ?> entry = (Map<?, ?>) update;
            ecosystems.put(
                    (String) entry.get("package-ecosystem"), (String) entry.get("directory"));
        }
        assertThat(ecosystems)
                .isEqualTo(Map.of("maven", "/", "github-actions", "/", "docker", "/"));
    }

    private record Outcome(int status, String output) {}

    /** Runs the workflow's step in a copy of the project that has the given version. */
    private Outcome checkVersion(String version, String tag) throws Exception {
        for (Path file :
                List.of(
                        POM,
                        Path.of("Dockerfile"),
                        Path.of("helm/epoll-echo/Chart.yaml"),
                        Path.of(".ci/version"),
                        Path.of(".ci/release-version"))) {
            Path copy = directory.resolve(file);
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
        }
        replace(POM, "(?m)^    <version>.*", "    <version>" + version + "</version>");
        replace(Path.of("Dockerfile"), "(?m)^ARG VERSION=.*", "ARG VERSION=" + version);
        replace(
                Path.of("helm/epoll-echo/Chart.yaml"),
                "(?m)^appVersion: .*",
                "appVersion: " + version);
        Map<?, ?> step = step(steps("version"), "Refuse a version that cannot be released");
        return run(Map.of("GITHUB_REF_NAME", tag), "bash", "-eo", "pipefail", "-c", command(step));
    }

    private void replace(Path file, String pattern, String replacement) throws IOException {
        Path copy = directory.resolve(file);
        String text = Files.readString(copy);
        String changed = text.replaceFirst(pattern, replacement);
        assertThat(changed).contains(replacement);
        Files.writeString(copy, changed);
    }

    /** Runs the script with a command that lists an image without one of its parts. */
    private Outcome listImage(String missing) throws Exception {
        String list =
                Map.of(
                                "jars of the application",
                                "pkg:maven/org.springframework.boot/spring-boot@4.1.2",
                                "Java runtime",
                                "pkg:generic/oracle/openjdk@25.0.1",
                                "system packages",
                                "pkg:deb/ubuntu/libc6@2.39")
                        .entrySet()
                        .stream()
                        .filter(part -> !part.getKey().equals(missing))
                        .map(part -> "{\"purl\":\"" + part.getValue() + "\"}")
                        .toList()
                        .toString();
        Path command = directory.resolve("syft");
        Files.writeString(
                command,
                "#!/bin/sh\nfor last; do :; done\necho '%s' >\"${last#*=}\"\n".formatted(list));
        assertThat(command.toFile().setExecutable(true)).isTrue();
        return run(
                Map.of("SYFT", command.toString()),
                Path.of(".ci/sbom").toAbsolutePath().toString(),
                directory.toString());
    }

    private Outcome run(Map<String, String> environment, String... command) throws Exception {
        var builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().putAll(environment);
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    private static List<Path> workflows() throws IOException {
        try (Stream<Path> files = Files.list(WORKFLOWS)) {
            return files.toList();
        }
    }

    /** Returns the values of {@code uses} with their comments, except workflows of this project. */
    private static List<String> usedActions(Path workflow) throws IOException {
        return Files.readAllLines(workflow).stream()
                .map(USES::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1))
                .filter(action -> !action.startsWith("./"))
                .toList();
    }

    private static Map<String, Map<?, ?>> jobs() {
        var jobs = new HashMap<String, Map<?, ?>>();
        map(yaml(RELEASE), "jobs").forEach((name, job) -> jobs.put((String) name, (Map<?, ?>) job));
        return jobs;
    }

    /** Returns the jobs that end before a job begins. */
    private static Set<String> needs(String job) {
        var needs = new LinkedHashSet<String>();
        @Nullable Object next = map(jobs(), job).get("needs");
        while (next != null && needs.add((String) next)) {
            next = map(jobs(), (String) next).get("needs");
        }
        return needs;
    }

    private static List<Map<?, ?>> steps(String job) {
        var steps = new ArrayList<Map<?, ?>>();
        if (map(jobs(), job).get("steps") instanceof List<?> list) {
            list.forEach(step -> steps.add((Map<?, ?>) step));
        }
        return steps;
    }

    private static Map<?, ?> step(List<Map<?, ?>> steps, String name) {
        return steps.stream()
                .filter(step -> name.equals(step.get("name")))
                .findFirst()
                .orElseThrow(() -> new AssertionError("There is no step named " + name));
    }

    /** Returns all shell commands of a job. */
    private static String commands(String job) {
        var commands = new StringBuilder();
        for (Map<?, ?> step : steps(job)) {
            commands.append(command(step)).append('\n');
        }
        return commands.toString();
    }

    private static String command(Map<?, ?> step) {
        return step.get("run") instanceof String command ? command : "";
    }

    private static Map<?, ?> map(Map<?, ?> parent, String key) {
        return (Map<?, ?>) value(parent, key);
    }

    private static Object value(Map<?, ?> parent, String key) {
        return Objects.requireNonNull(parent.get(key), key);
    }

    private static Map<?, ?> yaml(Path file) {
        try {
            return new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
