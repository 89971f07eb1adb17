package io.epollecho.deploy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;

import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** The Helm chart, rendered by Helm itself. */
final class Chart {

    static final Path DIRECTORY = Path.of("helm", "epoll-echo");
    static final String RELEASE = "blue";
    static final String NAMESPACE = "net";
    static final Path FULL_VALUES = Path.of("src/test/resources/deploy/full-values.yaml");

    private static final String KUBE_VERSION = "1.34.0";
    private static final String HOOK = "\"helm.sh/hook\" \"test\" ";

    /** A copy in which hooks are ordinary objects, because Helm's template command omits hooks. */
    private static final Path WITHOUT_HOOKS = withoutHooks();

    private static final Path WITHOUT_SCHEMA = withoutSchema();

    private Chart() {}

    /** Returns every value of the chart, set to something other than its default. */
    static Map<String, Object> fullValues() {
        return map(yaml(read(FULL_VALUES)));
    }

    static Map<String, Object> defaultValues() {
        return map(yaml(read(DIRECTORY.resolve("values.yaml"))));
    }

    /** Returns the version of the application, which is also the tag of its image. */
    static String appVersion() {
        return String.valueOf(map(yaml(read(DIRECTORY.resolve("Chart.yaml")))).get("appVersion"));
    }

    static Rendered renderDefaults() {
        return render("");
    }

    static Rendered renderFull() {
        return render(read(FULL_VALUES));
    }

    /**
     * Renders all objects that an installation would create, and the pod of {@code helm test}.
     *
     * @param values YAML that overrides the chart's own values
     * @throws IllegalStateException if Helm refuses the values, with its reason
     */
    static Rendered render(String values) {
        return withFile(values, file -> render(WITHOUT_HOOKS, file));
    }

    /** Renders all objects of a release with another name. */
    static Rendered renderAs(String release, String values) {
        return withFile(values, file -> render(WITHOUT_HOOKS, release, file));
    }

    /** Renders without the schema, to test the checks in the templates themselves. */
    static Rendered renderUnchecked(String values) {
        return withFile(values, file -> render(WITHOUT_SCHEMA, file));
    }

    private static Rendered render(Path chart, Path values) {
        return render(chart, RELEASE, values);
    }

    private static Rendered render(Path chart, String release, Path values) {
        return Rendered.of(
                new Helm(chart)
                        .template()
                        .withName(release)
                        .withNamespace(NAMESPACE)
                        .withKubeVersion(KUBE_VERSION)
                        .withValuesFile(values)
                        .call());
    }

    /** Returns the notes that Helm prints after an installation. */
    static String notes(String values) {
        return withFile(
                values,
                file -> {
                    String output =
                            new Helm(DIRECTORY)
                                    .install()
                                    .withName(RELEASE)
                                    .withNamespace(NAMESPACE)
                                    .withKubeVersion(KUBE_VERSION)
                                    .clientOnly()
                                    .dryRun()
                                    .withValuesFile(file)
                                    .call()
                                    .getOutput();
                    return output.substring(output.indexOf("\nNOTES:\n") + "\nNOTES:\n".length());
                });
    }

    static Rendered render(Map<String, Object> values) {
        return render(new Yaml().dump(values));
    }

    /** Lints a copy of the chart whose {@code values.yaml} contains the given values. */
    static LintResult lint(Path directory, String values) {
        try {
            Path copy = copyTo(directory.resolve("epoll-echo"));
            Files.writeString(copy.resolve("values.yaml"), values);
            return new Helm(copy).lint().strict().call();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path packageTo(Path directory) {
        new Helm(DIRECTORY).packageIt().withDestination(directory).call();
        try (Stream<Path> files = Files.list(directory)) {
            return files.findFirst().orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Object yaml(String text) {
        return Objects.requireNonNull(
                new Yaml(new SafeConstructor(new LoaderOptions())).load(text), text);
    }

    @SuppressWarnings("unchecked") // all keys in this project's YAML are strings
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    /** Returns the paths of all values that are not maps, or are empty maps, in order. */
    static List<List<String>> leaves(Map<String, Object> values) {
        List<List<String>> paths = new ArrayList<>();
        values.forEach(
                (key, value) -> {
                    if (value instanceof Map<?, ?> nested && !nested.isEmpty()) {
                        for (List<String> below : leaves(map(nested))) {
                            List<String> path = new ArrayList<>(List.of(key));
                            path.addAll(below);
                            paths.add(path);
                        }
                    } else {
                        paths.add(List.of(key));
                    }
                });
        return paths;
    }

    /** Returns a copy that is deep in its maps, so that the caller can change it. */
    static Map<String, Object> copy(Map<String, Object> values) {
        Map<String, Object> copy = new LinkedHashMap<>();
        values.forEach(
                (key, value) ->
                        copy.put(key, value instanceof Map<?, ?> map ? copy(map(map)) : value));
        return copy;
    }

    /** Returns the map that contains the last name of a path, and creates it if necessary. */
    static Map<String, Object> parent(Map<String, Object> values, List<String> path) {
        Map<String, Object> parent = values;
        for (String name : path.subList(0, path.size() - 1)) {
            parent = map(parent.computeIfAbsent(name, _ -> new HashMap<String, Object>()));
        }
        return parent;
    }

    static @Nullable Object valueAt(Map<String, Object> values, List<String> path) {
        return parent(copy(values), path).get(path.getLast());
    }

    private interface WithFile<T> {
        T apply(Path file);
    }

    private static <T> T withFile(String content, WithFile<T> action) {
        try {
            Path file = Files.createTempFile("values", ".yaml");
            try {
                return action.apply(Files.writeString(file, content));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path temporaryCopy() throws IOException {
        Path parent = Files.createTempDirectory("chart");
        Path copy = copyTo(parent.resolve("epoll-echo"));
        try (Stream<Path> files = Files.walk(parent)) {
            files.map(Path::toFile).forEach(file -> file.deleteOnExit());
        }
        return copy;
    }

    private static Path withoutSchema() {
        try {
            Path copy = temporaryCopy();
            Files.delete(copy.resolve("values.schema.json"));
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path withoutHooks() {
        try {
            Path copy = temporaryCopy();
            Path hook = copy.resolve("templates/tests/probe.yaml");
            String template = read(hook);
            if (!template.contains(HOOK)) {
                throw new IllegalStateException("no hook in " + template);
            }
            Files.writeString(hook, template.replace(HOOK, ""));
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path copyTo(Path target) throws IOException {
        try (Stream<Path> files = Files.walk(DIRECTORY)) {
            for (Path file : files.toList()) {
                Path copy = target.resolve(DIRECTORY.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy);
                }
            }
        }
        return target;
    }
}
