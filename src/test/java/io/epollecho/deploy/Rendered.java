package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;

import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The objects that Helm rendered from the chart.
 *
 * @param manifest the YAML of all objects
 * @param objects the parsed objects
 */
record Rendered(String manifest, List<Map<String, Object>> objects) {

    static Rendered of(String manifest) {
        List<Map<String, Object>> objects = new ArrayList<>();
        for (Object object : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(manifest)) {
            if (object != null) {
                objects.add(Chart.map(object));
            }
        }
        return new Rendered(manifest, objects);
    }

    List<String> kinds() {
        return objects.stream().map(object -> text(object, "kind")).toList();
    }

    private static String text(Map<String, Object> object, String name) {
        return String.valueOf(object.get(name));
    }

    /** Returns all objects of kinds that are built into Kubernetes or belong to the Gateway API. */
    List<HasMetadata> typed() {
        return objects.stream()
                .filter(object -> !text(object, "apiVersion").contains("coreos"))
                .map(KubernetesTypes::convert)
                .toList();
    }

    <T extends HasMetadata> List<T> all(Class<T> type) {
        return objects.stream()
                .filter(object -> type.getSimpleName().equals(object.get("kind")))
                .map(KubernetesTypes::convert)
                .map(type::cast)
                .toList();
    }

    <T extends HasMetadata> T one(Class<T> type) {
        assertThat(all(type)).hasSize(1);
        return all(type).getFirst();
    }

    <T extends HasMetadata> T named(Class<T> type, String name) {
        return all(type).stream()
                .filter(object -> object.getMetadata().getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(type + " " + name + " in " + manifest));
    }

    /** Returns the server's object of a custom kind. */
    Map<String, Object> custom(String kind) {
        List<Map<String, Object>> found =
                objects.stream()
                        .filter(object -> kind.equals(object.get("kind")))
                        .filter(object -> !name(object).endsWith("-probe"))
                        .toList();
        assertThat(found).hasSize(1);
        return found.getFirst();
    }

    private static String name(Map<String, Object> object) {
        return text(Chart.map(Objects.requireNonNull(object.get("metadata"))), "name");
    }

    /** Returns the pod template of the server's workload, a Deployment or a DaemonSet. */
    PodTemplateSpec template() {
        return template("server");
    }

    private PodTemplateSpec template(String component) {
        return of(DaemonSet.class, component)
                .map(daemonSet -> daemonSet.getSpec().getTemplate())
                .or(
                        () ->
                                of(Deployment.class, component)
                                        .map(deployment -> deployment.getSpec().getTemplate()))
                .orElseThrow(() -> new AssertionError("no " + component + " in " + manifest));
    }

    private <T extends HasMetadata> Optional<T> of(Class<T> type, String component) {
        return all(type).stream()
                .filter(
                        object ->
                                component.equals(
                                        object.getMetadata()
                                                .getLabels()
                                                .get("app.kubernetes.io/component")))
                .findFirst();
    }

    Deployment deployment() {
        return of(Deployment.class, "server")
                .orElseThrow(() -> new AssertionError("no server in " + manifest));
    }

    PodSpec pod() {
        return template().getSpec();
    }

    /** Returns the pod template of the continuous probe. */
    PodTemplateSpec probeTemplate() {
        return template("probe");
    }

    Container container() {
        return pod().getContainers().stream()
                .filter(container -> container.getName().equals("epoll-echo"))
                .findFirst()
                .orElseThrow();
    }

    /** Returns the labels of the pod of {@code helm test}. */
    Map<String, String> testLabels() {
        return one(Pod.class).getMetadata().getLabels();
    }

    PodSpec testPod() {
        return one(Pod.class).getSpec();
    }

    /** Returns the application.yml of the pods. */
    String applicationYml() {
        String volume = pod().getVolumes().getFirst().getConfigMap().getName();
        return Objects.requireNonNull(
                named(ConfigMap.class, volume).getData().get("application.yml"));
    }
}
