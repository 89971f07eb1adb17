package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.marcnuri.helm.LintResult;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ServiceAccount;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Tests for the chart as a whole: Helm and Kubernetes accept it, and every value has an effect. */
@Tag("slow")
class ChartTest {

    static Stream<Rendered> renderings() {
        return Stream.of(Chart.renderDefaults(), Chart.renderFull());
    }

    @Test
    void lintsWithoutWarnings(@TempDir Path directory) {
        assertClean(
                Chart.lint(
                        directory.resolve("defaults"),
                        Chart.read(Chart.DIRECTORY.resolve("values.yaml"))));
        assertClean(Chart.lint(directory.resolve("full"), Chart.read(Chart.FULL_VALUES)));
    }

    private static void assertClean(LintResult result) {
        assertThat(result.getMessages()).isEmpty();
        assertThat(result.isFailed()).isFalse();
    }

    @Test
    void packages(@TempDir Path directory) {
        assertThat(Chart.packageTo(directory)).hasFileName("epoll-echo-0.1.0.tgz").isNotEmptyFile();
    }

    @ParameterizedTest
    @MethodSource("renderings")
    void rendersValidKubernetesObjects(Rendered rendered) {
        assertThat(rendered.typed())
                .hasSizeGreaterThan(7)
                .allSatisfy(
                        object -> {
                            assertThat(object.getMetadata().getName()).hasSizeBetween(1, 63);
                            assertThat(object.getMetadata().getLabels())
                                    .containsEntry("app.kubernetes.io/instance", Chart.RELEASE)
                                    .containsKeys(
                                            "app.kubernetes.io/name",
                                            "app.kubernetes.io/component",
                                            "app.kubernetes.io/version",
                                            "helm.sh/chart");
                        });
    }

    /** Helm's numbers are floating-point, so without {@code int64} it writes 10000000 as 1e+07. */
    @ParameterizedTest
    @MethodSource("renderings")
    void writesNumbersInFull(Rendered rendered) {
        assertThat(rendered.manifest()).doesNotContainPattern("\\d[eE][+]\\d");
    }

    @Test
    void writesLargeNumbersInFull() {
        assertThat(Chart.renderFull().manifest())
                .contains("backlog: 1000000\n", "max: 2000000\n", "averageValue: \"1500000\"\n");
    }

    @Test
    void rendersOnlyBuiltInKindsByDefault() {
        assertThat(Chart.renderDefaults().kinds())
                .containsExactlyInAnyOrder(
                        "Pod",
                        "NetworkPolicy",
                        "NetworkPolicy",
                        "PodDisruptionBudget",
                        "ServiceAccount",
                        "ConfigMap",
                        "Service",
                        "Service",
                        "Deployment");
    }

    @ParameterizedTest
    @CsvSource({
        "networkPolicy, NetworkPolicy",
        "podDisruptionBudget, PodDisruptionBudget",
        "autoscaling, HorizontalPodAutoscaler",
        "serviceMonitor, ServiceMonitor",
        "podMonitor, PodMonitor",
        "prometheusRule, PrometheusRule"
    })
    void switchesAnObjectOnAndOff(String value, String kind) {
        assertThat(Chart.render(value + ": {enabled: true}").kinds()).contains(kind);
        assertThat(Chart.render("test: {enabled: false}\n" + value + ": {enabled: false}").kinds())
                .doesNotContain(kind);
    }

    @Test
    void switchesTheDashboardOnAndOff() {
        assertThat(Chart.render("dashboard: {enabled: true}").all(ConfigMap.class)).hasSize(2);
        assertThat(Chart.render("dashboard: {enabled: false}").all(ConfigMap.class)).hasSize(1);
    }

    @Test
    void switchesTheServiceAccountOnAndOff() {
        Rendered without = Chart.render("serviceAccount: {create: false}");
        assertThat(without.all(ServiceAccount.class)).isEmpty();
        assertThat(without.pod().getServiceAccountName()).isEqualTo("default");
        Rendered named = Chart.render("serviceAccount: {create: true, name: other}");
        assertThat(named.one(ServiceAccount.class).getMetadata().getName()).isEqualTo("other");
        assertThat(named.pod().getServiceAccountName()).isEqualTo("other");
        assertThat(named.testPod().getServiceAccountName()).isEqualTo("other");
    }

    /** Changes each value in turn and checks that the rendered objects change. */
    @Test
    void everyValueHasAnEffect() {
        Map<String, Object> full = Chart.fullValues();
        Map<String, Object> defaults = Chart.defaultValues();
        String fullOutcome = outcome(full);
        String defaultOutcome = outcome(defaults);

        List<List<String>> withoutEffect =
                Chart.leaves(defaults).stream()
                        .filter(path -> !sameIn(full, defaults, path))
                        .filter(path -> outcome(with(defaults, path, full)).equals(defaultOutcome))
                        .filter(path -> outcome(with(full, path, defaults)).equals(fullOutcome))
                        .toList();

        assertThat(withoutEffect).isEmpty();
    }

    /** Only values without a sensible alternative are the same in both files. */
    @Test
    void fullValuesDifferFromTheDefaults() {
        Map<String, Object> full = Chart.fullValues();
        Map<String, Object> defaults = Chart.defaultValues();
        assertThat(Chart.leaves(defaults).stream().filter(path -> sameIn(full, defaults, path)))
                .map(path -> String.join(".", path))
                .containsExactlyInAnyOrder(
                        "kind",
                        "probe.kind",
                        "strategy.type",
                        "hostNetwork",
                        "serviceAccount.create",
                        "networkPolicy.enabled",
                        "podDisruptionBudget.enabled",
                        "podSecurityContext.runAsNonRoot",
                        "podSecurityContext.seccompProfile.type",
                        "securityContext.allowPrivilegeEscalation",
                        "securityContext.readOnlyRootFilesystem",
                        "securityContext.capabilities.drop",
                        "test.enabled");
    }

    private static boolean sameIn(
            Map<String, Object> full, Map<String, Object> defaults, List<String> path) {
        return Objects.equals(Chart.valueAt(full, path), Chart.valueAt(defaults, path));
    }

    private static Map<String, Object> with(
            Map<String, Object> base, List<String> path, Map<String, Object> other) {
        Map<String, Object> changed = Chart.copy(base);
        Chart.parent(changed, path).put(path.getLast(), Chart.valueAt(other, path));
        return changed;
    }

    /** Returns the rendered manifest, or the error if Helm refuses the values. */
    private static String outcome(Map<String, Object> values) {
        try {
            return Chart.render(values).manifest();
        } catch (IllegalStateException e) {
            return e.toString();
        }
    }
}
