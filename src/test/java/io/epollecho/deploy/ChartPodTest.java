package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Tests for the pods: their containers, configuration and permissions. */
class ChartPodTest {

    private static final String DIGEST =
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /** Returns all pods, rendered with the defaults and with every value set. */
    static Stream<PodSpec> pods() {
        return Stream.of(Chart.render("probe: {enabled: true}"), Chart.renderFull())
                .flatMap(
                        rendered ->
                                Stream.of(
                                        rendered.pod(),
                                        rendered.testPod(),
                                        rendered.probeTemplate().getSpec()));
    }

    /** Checks the pod security standard "restricted" and a read-only root file system. */
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

    /** Spring would read the variables of a Service named echo-server as server properties. */
    @ParameterizedTest
    @MethodSource("pods")
    void hasNeitherServiceLinksNorToken(PodSpec pod) {
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

    /** With an address that no probe can reach, the kubelet would restart the pods forever. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    server: {address: 127.0.0.1}                                  | config.server.address
                    server: {address: '::1'}                                      | config.server.address
                    management: {server: {port: 9001, address: localhost}}        | config.management.server.address
                    echo: {server: {address: 127.0.0.1}}                          | config.echo.server.address
                    """)
    void refusesAnAddressThatNoProbeCanReach(String config, String property) {
        assertThatThrownBy(() -> Chart.render("config:\n  " + config))
                .hasMessageContaining(property + " is ");
        assertThatCode(
                        () ->
                                Chart.render(
                                        "config: {server: {address: 127.0.0.1}, management:"
                                                + " {server: {port: 9001}}}"))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    ''                                                                             |
                    server: {ssl: {bundle: web}}                                                   | HTTPS
                    server: {ssl: {bundle: web, enabled: false}}                                   |
                    server: {ssl: {bundle: web}}, management: {server: {port: 9001}}               |
                    management: {server: {port: 9001, ssl: {bundle: web}}}                         | HTTPS
                    """)
    void probesAndScrapesFollowTheScheme(String config, @Nullable String scheme) {
        Rendered rendered =
                Chart.render("serviceMonitor: {enabled: true}\nconfig: {%s}".formatted(config));
        Container container = rendered.container();
        assertThat(container.getStartupProbe().getHttpGet().getScheme()).isEqualTo(scheme);
        assertThat(container.getLivenessProbe().getHttpGet().getScheme()).isEqualTo(scheme);
        assertThat(container.getReadinessProbe().getHttpGet().getScheme()).isEqualTo(scheme);
        assertThat(rendered.manifest().contains("scheme: https")).isEqualTo(scheme != null);
    }

    @Test
    void probesAndScrapesFollowAMappedPath() {
        Rendered rendered =
                Chart.render(
                        """
                        serviceMonitor: {enabled: true}
                        config:
                          management: {endpoints: {web: {path-mapping: {health: up, prometheus: p}}}}
                        """);
        assertProbe(rendered.container().getLivenessProbe(), "/actuator/up/liveness");
        assertProbe(rendered.container().getReadinessProbe(), "/actuator/up/readiness");
        assertThat(rendered.manifest()).contains("path: \"/actuator/p\"\n");
    }

    @Test
    void probesTheEchoPortIfSpringServesNoHttp() {
        Rendered rendered = Chart.render("config: {management: {server: {port: -1}}}");
        Container container = rendered.container();
        for (Probe probe :
                List.of(
                        container.getStartupProbe(),
                        container.getLivenessProbe(),
                        container.getReadinessProbe())) {
            assertThat(probe.getHttpGet()).isNull();
            assertThat(probe.getTcpSocket().getPort().getStrVal()).isEqualTo("echo");
        }
        assertThat(container.getPorts()).extracting(ContainerPort::getName).containsExactly("echo");
        assertThat(rendered.all(Service.class)).hasSize(1);
        assertThatThrownBy(
                        () ->
                                Chart.render(
                                        "serviceMonitor: {enabled: true}\n"
                                                + "config: {management: {server: {port: -1}}}"))
                .hasMessageContaining("there is nothing to scrape");
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
    void selectsOnlyItsOwnPods() {
        for (Rendered rendered : List.of(Chart.renderDefaults(), Chart.renderFull())) {
            Deployment deployment = rendered.deployment();
            Map<String, String> selector = deployment.getSpec().getSelector().getMatchLabels();
            Map<String, String> labels =
                    deployment.getSpec().getTemplate().getMetadata().getLabels();
            assertThat(labels).containsAllEntriesOf(selector);
            assertThat(rendered.testLabels())
                    .as("the pod of helm test is not selected")
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
                .as("a given selector is kept")
                .isEqualTo(Map.of("team", "net"));
    }

    /** Selectors are immutable, so they must not contain anything that an upgrade changes. */
    @Test
    void selectorStaysTheSameAcrossUpgrades() {
        assertThat(
                        Chart.render("image: {tag: other}\ncommonLabels: {a: b}\npodLabels: {c: d}")
                                .deployment()
                                .getSpec()
                                .getSelector())
                .isEqualTo(Chart.renderDefaults().deployment().getSpec().getSelector());
    }

    /** With version labels, each new chart version would replace all pods and their connections. */
    @Test
    void podLabelsContainNoVersion() {
        assertThat(Chart.renderDefaults().template().getMetadata().getLabels())
                .doesNotContainKeys("app.kubernetes.io/version", "helm.sh/chart");
        assertThat(Chart.renderFull().template().getMetadata().getLabels())
                .containsEntry("tier", "edge")
                .containsEntry("team", "net");
    }

    @Test
    void runsOnEveryNodeAsADaemonSet() {
        Rendered rendered =
                Chart.render(
                        "kind: DaemonSet\nhostNetwork: true\n"
                                + "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}");
        DaemonSet daemonSet = rendered.one(DaemonSet.class);
        assertThat(daemonSet.getSpec().getUpdateStrategy().getRollingUpdate().getMaxUnavailable())
                .isEqualTo(new IntOrString(1));
        assertThat(rendered.kinds()).doesNotContain("Deployment");
        assertThat(rendered.pod().getHostNetwork()).isTrue();
        assertThat(rendered.pod().getDnsPolicy()).isEqualTo("ClusterFirstWithHostNet");
        assertThat(Chart.renderDefaults().pod().getDnsPolicy()).isNull();
        assertThat(Chart.render("hostNetwork: true\ndnsPolicy: Default").pod().getDnsPolicy())
                .isEqualTo("Default");
        assertThatThrownBy(() -> Chart.render("kind: DaemonSet\nautoscaling: {enabled: true}"))
                .hasMessageContaining("a DaemonSet has one pod on every node");
        assertThatThrownBy(() -> Chart.render("kind: DaemonSet\nstrategy: {type: Recreate}"))
                .hasMessageContaining("strategy.type is Recreate");
        assertThatThrownBy(() -> Chart.render("strategy: {type: OnDelete}"))
                .hasMessageContaining("strategy.type is OnDelete");
    }

    /** The default strategy has settings that belong to RollingUpdate only. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "strategy: {type: Recreate}",
                "hostNetwork: true\nstrategy: {type: Recreate}",
                "kind: DaemonSet\nstrategy: {type: OnDelete}"
            })
    void otherStrategiesHaveNoSettings(String values) {
        String manifest = Chart.render(values).manifest();
        assertThat(manifest)
                .containsPattern("trategy:\\n +type: (Recreate|OnDelete)\\n")
                .doesNotContain("rollingUpdate", "maxSurge");
    }

    /**
     * A budget cannot count the pods of a DaemonSet, and policies do not hold on a node's network.
     */
    @Test
    void leavesOutObjectsWithoutEffect() {
        assertThat(Chart.render("kind: DaemonSet").kinds()).doesNotContain("PodDisruptionBudget");
        assertThat(Chart.render("hostNetwork: true").all(NetworkPolicy.class))
                .extracting(policy -> policy.getMetadata().getName())
                .containsExactly("blue-epoll-echo-test");
        assertThat(Chart.notes("hostNetwork: true"))
                .contains("WARNING: hostNetwork is true, so no NetworkPolicy restricts the pods");
    }

    @Test
    void addsContainersAndObjects() {
        Rendered full = Chart.renderFull();
        assertThat(full.pod().getInitContainers())
                .extracting(Container::getName)
                .containsExactly("wait");
        assertThat(full.pod().getContainers())
                .extracting(Container::getName)
                .containsExactly("epoll-echo", "sidecar");
        assertThat(full.pod().getRuntimeClassName()).isEqualTo("gvisor");
        assertThat(full.named(ConfigMap.class, Chart.RELEASE + "-extra")).isNotNull();
        assertThat(
                        Chart.render(
                                        """
                                        extraObjects:
                                          - apiVersion: v1
                                            kind: ConfigMap
                                            metadata: {name: 'of-{{ .Release.Name }}'}
                                        """)
                                .named(ConfigMap.class, "of-" + Chart.RELEASE))
                .isNotNull();
        assertThat(Chart.renderDefaults().pod().getInitContainers()).isEmpty();
    }

    /** The JVM refuses to start with two collectors, so the image's own is switched off. */
    @Test
    void anotherCollectorReplacesThatOfTheImage() {
        assertThat(javaOptions("-XX:+UseG1GC")).isEqualTo("-XX:-UseSerialGC -XX:+UseG1GC");
        assertThat(javaOptions("-Xmx64m")).isEqualTo("-Xmx64m");
        assertThat(Chart.notes("jvmOptions: ['-XX:+UseZGC']"))
                .contains("WARNING: jvmOptions select a collector other than");
        assertThat(Chart.notes("jvmOptions: ['-XX:-UseCompactObjectHeaders']"))
                .contains("WARNING: jvmOptions change the object layout");
    }

    private static @Nullable String javaOptions(String option) {
        return Chart.render("jvmOptions: ['%s']".formatted(option))
                .container()
                .getEnv()
                .getFirst()
                .getValue();
    }

    @Test
    void mountsTheSecretSoThatThePodSeesItsRotation() {
        Rendered rendered = Chart.render("tls: {secretName: certificate}");
        assertThat(rendered.container().getVolumeMounts())
                .filteredOn(mount -> "tls".equals(mount.getName()))
                .singleElement()
                .satisfies(
                        mount -> {
                            assertThat(mount.getMountPath()).isEqualTo("/tls");
                            assertThat(mount.getSubPath()).isNull();
                        });
        Map<String, Object> application = Chart.map(Chart.yaml(rendered.applicationYml()));
        List<String> bundle = List.of("spring", "ssl", "bundle", "pem", "tls");
        assertThat(Chart.valueAt(application, append(bundle, "reload-on-update"))).isEqualTo(true);
        assertThat(Chart.valueAt(application, append(bundle, "keystore", "certificate")))
                .isEqualTo("file:/tls/tls.crt");
        assertThat(Chart.valueAt(application, append(bundle, "truststore"))).isNull();
        assertThat(Chart.valueAt(application, List.of("echo", "server", "ssl", "bundle")))
                .isEqualTo("tls");
        assertThat(Chart.valueAt(application, List.of("echo", "server", "port"))).isEqualTo(7777);

        Map<String, Object> full = Chart.map(Chart.yaml(Chart.renderFull().applicationYml()));
        assertThat(Chart.valueAt(full, append(bundle, "truststore", "certificate")))
                .isEqualTo("file:/tls/ca.crt");
        assertThat(Chart.valueAt(full, List.of("echo", "server", "ssl"))).isNull();
        assertThat(
                        Chart.valueAt(
                                full,
                                List.of("echo", "server", "listeners", "secure", "ssl", "bundle")))
                .isEqualTo("tls");
        assertThatThrownBy(() -> Chart.render("tls: {secretName: certificate, listeners: [other]}"))
                .hasMessageContaining("tls.listeners names other, which is not a listener");
        assertThat(Chart.renderDefaults().applicationYml()).doesNotContain("ssl");
    }

    private static List<String> append(List<String> path, String... names) {
        List<String> longer = new ArrayList<>(path);
        longer.addAll(List.of(names));
        return longer;
    }

    @Test
    void helmTestUsesTheProtocolsOfTheListener() {
        assertThat(
                        Chart.render("tls: {secretName: certificate}")
                                .testPod()
                                .getContainers()
                                .getFirst()
                                .getArgs())
                .contains("--tls", "--insecure");
        assertThat(
                        Chart.render(
                                        "config: {echo: {server: {greeting: identity,"
                                                + " proxy-protocol: {mode: required}}}}")
                                .manifest())
                .contains("- --proxy-protocol\n", "- --expect-greeting\n")
                .doesNotContain("- --tls\n");
    }

    @Test
    void ownLabelsCannotBeOverwritten() {
        assertThat(
                        Chart.render("podLabels: {app.kubernetes.io/component: test}")
                                .deployment()
                                .getSpec()
                                .getTemplate()
                                .getMetadata()
                                .getLabels())
                .containsEntry("app.kubernetes.io/component", "server");
    }

    @ParameterizedTest
    @CsvSource({
        "{}, epoll-echo:APP_VERSION",
        "{tag: 1.2.3}, epoll-echo:1.2.3",
        "'{repository: quay.io/x/echo, tag: 1.2.3}', quay.io/x/echo:1.2.3",
        "'{tag: 1.2.3, digest: " + DIGEST + "}', epoll-echo@" + DIGEST
    })
    void namesTheImage(String image, String pattern) {
        String expected = pattern.replace("APP_VERSION", Chart.appVersion());
        Rendered rendered = Chart.render("image: " + image);
        assertThat(rendered.container().getImage()).isEqualTo(expected);
        assertThat(rendered.testPod().getContainers().getFirst().getImage()).isEqualTo(expected);
    }

    /** With one name for all revisions, old pods would read the new configuration. */
    @Test
    void eachConfigurationHasItsOwnName() {
        String before = configuration("config: {logging: {level: {root: info}}}");
        assertThat(configuration("config: {logging: {level: {root: info}}}")).isEqualTo(before);
        assertThat(configuration("config: {logging: {level: {root: warn}}}")).isNotEqualTo(before);
        assertThat(configuration("config: {logging: {level: {root: info}}}\nreplicaCount: 9"))
                .isEqualTo(before);
        ConfigMap map = Chart.render("").named(ConfigMap.class, configuration(""));
        assertThat(map.getImmutable()).isTrue();
        assertThat(map.getMetadata().getAnnotations())
                .as("an upgrade keeps it for the revision before")
                .containsEntry("helm.sh/resource-policy", "keep");
    }

    private static String configuration(String values) {
        return Chart.render(values).pod().getVolumes().getFirst().getConfigMap().getName();
    }

    @Test
    void mountsTheConfigurationWhereItOverridesTheImagesOwn() {
        Rendered rendered = Chart.renderDefaults();
        assertThat(rendered.container().getVolumeMounts())
                .filteredOn(mount -> "config".equals(mount.getName()))
                .extracting(VolumeMount::getMountPath)
                .containsExactly(Dockerfile.read().workDirectory() + "/config");
        assertThat(rendered.all(ConfigMap.class)).hasSize(1);
    }

    @Test
    void passesOptionsAndEnvironment() {
        List<EnvVar> environment = Chart.renderFull().container().getEnv();
        assertThat(environment)
                .extracting(EnvVar::getName)
                .containsExactly(
                        "_JAVA_OPTIONS",
                        "POD_NAME",
                        "POD_NAMESPACE",
                        "NODE_NAME",
                        "LOGGING_LEVEL_ROOT",
                        "NODE");
        assertThat(environment.getFirst().getValue())
                .isEqualTo("-XX:MaxRAMPercentage=60 -XX:MinRAMPercentage=60");
        assertThat(Chart.renderFull().container().getEnvFrom()).hasSize(1);
    }

    /** Checks the command line of the image's probe. */
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
