package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** What runs in the pods, and what it may do there. */
class ChartPodTest {

    private static final String DIGEST =
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /** The server's pod and that of {@code helm test}, by default and with every value set. */
    static Stream<PodSpec> pods() {
        return Stream.of(Chart.renderDefaults(), Chart.renderFull())
                .flatMap(rendered -> Stream.of(rendered.pod(), rendered.testPod()));
    }

    /** The pod security standard "restricted", and a root file system that cannot be written to. */
    @ParameterizedTest
    @MethodSource("pods")
    void isRestricted(PodSpec pod) {
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getRunAsUser()).isPositive();
        assertThat(pod.getSecurityContext().getRunAsGroup()).isPositive();
        assertThat(pod.getSecurityContext().getSeccompProfile().getType())
                .isEqualTo("RuntimeDefault");
        assertThat(pod.getHostNetwork()).isNull();
        assertThat(pod.getHostPID()).isNull();
        assertThat(pod.getHostIPC()).isNull();
        for (Container container : pod.getContainers()) {
            SecurityContext security = container.getSecurityContext();
            assertThat(security.getAllowPrivilegeEscalation()).isFalse();
            assertThat(security.getReadOnlyRootFilesystem()).isTrue();
            assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
            assertThat(security.getCapabilities().getAdd()).isEmpty();
            assertThat(security.getPrivileged()).isNull();
            assertThat(container.getPorts()).allMatch(port -> port.getHostPort() == null);
        }
        assertThat(pod.getVolumes()).allMatch(volume -> volume.getHostPath() == null);
        assertThat(writable(pod)).containsExactly("/tmp");
    }

    private static List<String> writable(PodSpec pod) {
        return pod.getContainers().getFirst().getVolumeMounts().stream()
                .filter(mount -> !Boolean.TRUE.equals(mount.getReadOnly()))
                .map(VolumeMount::getMountPath)
                .toList();
    }

    /** The variables of a service named echo-server would be properties of the server. */
    @ParameterizedTest
    @MethodSource("pods")
    void getsNeitherServiceLinksNorToken(PodSpec pod) {
        assertThat(pod.getEnableServiceLinks()).isFalse();
        assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("pods")
    void hasResources(PodSpec pod) {
        assertThat(pod.getContainers().getFirst().getResources().getRequests())
                .containsKey("memory");
        assertThat(pod.getContainers().getFirst().getResources().getLimits()).containsKey("memory");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {}                                                                        | 8080 | /actuator
                    server: {port: 9000}                                                      | 9000 | /actuator
                    server: {port: 9000, servlet: {context-path: /x}}                         | 9000 | /x/actuator
                    management: {server: {port: 9001}}                                        | 9001 | /actuator
                    management: {server: {port: 9001, base-path: /m}}                         | 9001 | /m/actuator
                    management: {server: {base-path: /ignored-on-the-same-port}}              | 8080 | /actuator
                    management: {endpoints: {web: {base-path: /manage}}}                      | 8080 | /manage
                    management: {server: {port: 9001}, endpoints: {web: {base-path: /}}}      | 9001 | ''
                    """)
    void probesFollowPortAndPath(String config, int port, String path) {
        Rendered rendered = Chart.render("config:\n  " + config);
        Container container = rendered.container();
        assertThat(container.getPorts())
                .filteredOn(found -> "http".equals(found.getName()))
                .extracting(ContainerPort::getContainerPort)
                .containsExactly(port);
        assertProbe(container.getStartupProbe(), path + "/health/liveness");
        assertProbe(container.getLivenessProbe(), path + "/health/liveness");
        assertProbe(container.getReadinessProbe(), path + "/health/readiness");
    }

    private static void assertProbe(Probe probe, String path) {
        HTTPGetAction request = probe.getHttpGet();
        assertThat(request.getPath()).isEqualTo(path);
        assertThat(request.getPort().getStrVal()).isEqualTo("http");
    }

    @Test
    void echoPortFollowsTheConfiguration() {
        assertThat(echoPort(Chart.renderDefaults())).isEqualTo(7777);
        assertThat(echoPort(Chart.renderFull())).isEqualTo(7007);
    }

    private static int echoPort(Rendered rendered) {
        return rendered.container().getPorts().stream()
                .filter(port -> "echo".equals(port.getName()))
                .findFirst()
                .orElseThrow()
                .getContainerPort();
    }

    @Test
    void selectsItsOwnPodsOnly() {
        for (Rendered rendered : List.of(Chart.renderDefaults(), Chart.renderFull())) {
            Deployment deployment = rendered.one(Deployment.class);
            Map<String, String> selector = deployment.getSpec().getSelector().getMatchLabels();
            Map<String, String> labels =
                    deployment.getSpec().getTemplate().getMetadata().getLabels();
            assertThat(labels).containsAllEntriesOf(selector);
            assertThat(rendered.testLabels())
                    .as("the pod of helm test is none of them")
                    .isNotEmpty()
                    .doesNotContainEntry(
                            "app.kubernetes.io/component",
                            Objects.requireNonNull(selector.get("app.kubernetes.io/component")));
            assertThat(rendered.pod().getTopologySpreadConstraints())
                    .isNotEmpty()
                    .first()
                    .satisfies(
                            constraint ->
                                    assertThat(constraint.getLabelSelector().getMatchLabels())
                                            .isEqualTo(selector));
        }
        assertThat(
                        Chart.renderFull()
                                .pod()
                                .getTopologySpreadConstraints()
                                .getLast()
                                .getLabelSelector()
                                .getMatchLabels())
                .as("a selector that is given stays")
                .isEqualTo(Map.of("team", "net"));
    }

    /** A selector cannot change, so neither may what an upgrade brings be part of it. */
    @Test
    void selectorOutlastsUpgrades() {
        assertThat(
                        Chart.render("image: {tag: other}\ncommonLabels: {a: b}\npodLabels: {c: d}")
                                .one(Deployment.class)
                                .getSpec()
                                .getSelector())
                .isEqualTo(Chart.renderDefaults().one(Deployment.class).getSpec().getSelector());
    }

    @Test
    void ownLabelsCannotBeOverwritten() {
        assertThat(
                        Chart.render("podLabels: {app.kubernetes.io/component: test}")
                                .one(Deployment.class)
                                .getSpec()
                                .getTemplate()
                                .getMetadata()
                                .getLabels())
                .containsEntry("app.kubernetes.io/component", "server");
    }

    @ParameterizedTest
    @CsvSource({
        "{}, epoll-echo:0.1.0-SNAPSHOT",
        "{tag: 1.2.3}, epoll-echo:1.2.3",
        "'{repository: quay.io/x/echo, tag: 1.2.3}', quay.io/x/echo:1.2.3",
        "'{tag: 1.2.3, digest: " + DIGEST + "}', epoll-echo@" + DIGEST
    })
    void namesTheImage(String image, String expected) {
        Rendered rendered = Chart.render("image: " + image);
        assertThat(rendered.container().getImage()).isEqualTo(expected);
        assertThat(rendered.testPod().getContainers().getFirst().getImage()).isEqualTo(expected);
    }

    @Test
    void aChangeOfTheConfigurationReplacesThePods() {
        String before = checksum("config: {logging: {level: {root: info}}}");
        assertThat(checksum("config: {logging: {level: {root: info}}}")).isEqualTo(before);
        assertThat(checksum("config: {logging: {level: {root: warn}}}")).isNotEqualTo(before);
        assertThat(checksum("config: {logging: {level: {root: info}}}\nreplicaCount: 9"))
                .isEqualTo(before);
    }

    private static @Nullable String checksum(String values) {
        return Chart.render(values)
                .one(Deployment.class)
                .getSpec()
                .getTemplate()
                .getMetadata()
                .getAnnotations()
                .get("checksum/config");
    }

    @Test
    void mountsTheConfigurationWhereSpringBootLooksBeforeTheImagesOwn() {
        Rendered rendered = Chart.renderDefaults();
        assertThat(rendered.container().getVolumeMounts())
                .filteredOn(mount -> "config".equals(mount.getName()))
                .extracting(VolumeMount::getMountPath)
                .containsExactly(Dockerfile.read().workDirectory() + "/config");
        assertThat(rendered.all(ConfigMap.class)).hasSize(1);
    }

    @Test
    void passesOptionsAndEnvironment() {
        assertThat(Chart.renderDefaults().container().getEnv()).isEmpty();
        List<EnvVar> environment = Chart.renderFull().container().getEnv();
        assertThat(environment)
                .extracting(EnvVar::getName)
                .containsExactly("_JAVA_OPTIONS", "LOGGING_LEVEL_ROOT", "NODE");
        assertThat(environment.getFirst().getValue())
                .isEqualTo("-XX:MaxRAMPercentage=60 -XX:MinRAMPercentage=60");
        assertThat(Chart.renderFull().container().getEnvFrom()).hasSize(1);
    }

    /** The command line is that of the probe client in the image. */
    @Test
    void testsThroughTheService() {
        assertThat(Chart.renderFull().testPod().getContainers().getFirst().getArgs())
                .containsExactly(
                        "probe", "tcp-mirror:7", "--connections", "1000000", "--duration", "30s");
        assertThat(Chart.renderDefaults().testPod().getContainers().getFirst().getArgs())
                .contains("blue-epoll-echo:7777", "8", "5s");
        assertThat(Chart.renderDefaults().testPod().getRestartPolicy()).isEqualTo("Never");
    }
}
