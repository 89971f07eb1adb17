package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Tests for the continuous probe. */
class ChartProbeTest {

    private static final String ON = "probe: {enabled: true}\n";

    private static Container container(Rendered rendered) {
        return rendered.probeTemplate().getSpec().getContainers().getFirst();
    }

    private static List<String> args(String values) {
        return container(Chart.render(values)).getArgs();
    }

    @Test
    void isOffByDefault() {
        assertThat(Chart.renderDefaults().manifest()).doesNotContain("component: probe");
    }

    @Test
    void probesTheEchoServiceUntilItsPodIsDeleted() {
        assertThat(args(ON + "service: {port: 7}"))
                .startsWith("probe", "blue-epoll-echo:7", "--connections", "4")
                .containsSequence("--rate", "10")
                .containsSequence("--duration", "0", "--reconnect", "--metrics-port", "9095");
    }

    @Test
    void usesTheProtocolsOfTheListener() {
        assertThat(args(ON + "tls: {secretName: certificate}")).contains("--tls", "--insecure");
        assertThat(
                        args(
                                ON
                                        + "config: {echo: {server: {greeting: identity,"
                                        + " proxy-protocol: {mode: required}}}}"))
                .contains("--proxy-protocol", "--expect-greeting")
                .doesNotContain("--tls");
    }

    @Test
    void usesOnlyTheGivenOptionsForAnotherTarget() {
        assertThat(
                        args(
                                """
                                tls: {secretName: certificate}
                                probe: {enabled: true, target: "echo.example.com:7", rate: 0.5, extraArgs: [--size, "1"]}
                                """))
                .startsWith("probe", "echo.example.com:7")
                .containsSequence("--rate", "0.5")
                .endsWith("--size", "1")
                .doesNotContain("--tls");
    }

    /** The selectors of the server and of {@code helm test} do not match the probe's pods. */
    @Test
    void hasItsOwnSelector() {
        Rendered rendered = Chart.render(ON);
        Map<String, String> labels = rendered.probeTemplate().getMetadata().getLabels();
        assertThat(labels)
                .isNotEmpty()
                .doesNotContainEntry(
                        "app.kubernetes.io/component",
                        Objects.requireNonNull(
                                rendered.deployment()
                                        .getSpec()
                                        .getSelector()
                                        .getMatchLabels()
                                        .get("app.kubernetes.io/component")))
                .isNotEqualTo(rendered.testLabels());
        NetworkPolicy policy = rendered.named(NetworkPolicy.class, "blue-epoll-echo-probe");
        assertThat(labels).containsAllEntriesOf(policy.getSpec().getPodSelector().getMatchLabels());
        assertThat(policy.getSpec().getIngress()).as("no ingress by default").isEmpty();
        assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
    }

    @Test
    void isOpenToTheScrapersOfTheServer() {
        Rendered full = Chart.renderFull();
        var rule =
                full.named(NetworkPolicy.class, "tcp-mirror-probe")
                        .getSpec()
                        .getIngress()
                        .getFirst();
        assertThat(rule.getFrom()).hasSize(1);
        assertThat(rule.getPorts().getFirst().getPort()).isEqualTo(new IntOrString("metrics"));
        assertThat(container(full).getPorts())
                .extracting(ContainerPort::getName, ContainerPort::getContainerPort)
                .containsExactly(tuple("metrics", 9105));
        assertThat(full.manifest())
                .contains("replacement: \"tcp-mirror-probe\"")
                .contains("- port: metrics\n");
        assertThat(Chart.render("probe: {enabled: true, podMonitor: {enabled: true}}").kinds())
                .contains("PodMonitor");
        assertThat(Chart.render(ON).kinds()).doesNotContain("PodMonitor");
    }

    @Test
    void runsOnEveryNodeAsADaemonSet() {
        Rendered rendered = Chart.render("probe: {enabled: true, kind: DaemonSet}");
        assertThat(rendered.one(DaemonSet.class).getMetadata().getName())
                .isEqualTo("blue-epoll-echo-probe");
        assertThat(rendered.deployment().getSpec().getReplicas()).isEqualTo(2);
    }

    @Test
    void hasAlertsOnlyIfItIsEnabled() {
        assertThat(PrometheusRules.of(Chart.render("prometheusRule: {enabled: true}")))
                .noneMatch(alert -> alert.name().startsWith("EchoProbe"));
        assertThat(PrometheusRules.of(Chart.render(ON + "prometheusRule: {enabled: true}")))
                .extracting(PrometheusRules.Alert::name)
                .contains("EchoProbeDown", "EchoProbeAbsent", "EchoProbeOutage")
                .contains("EchoProbeLoss", "EchoProbeSlow", "EchoProbeQueues");
    }

    /** A condition on up has no result if nothing is scraped at all. */
    @Test
    void alertsOfWhatIsMissingAndOfWhatIsRefused() {
        List<PrometheusRules.Alert> alerts =
                PrometheusRules.of(Chart.render(ON + "prometheusRule: {enabled: true}"));
        String server = "namespace=\"net\",job=\"blue-epoll-echo-management\"";
        assertThat(alerts)
                .extracting(PrometheusRules.Alert::name, PrometheusRules.Alert::query)
                .contains(
                        tuple("EchoServerAbsent", "absent(up{" + server + "})"),
                        tuple(
                                "EchoProbeAbsent",
                                "absent(up{namespace=\"net\",job=\"blue-epoll-echo-probe\"})"),
                        tuple(
                                "EchoServerCertificateExpires",
                                "min by (namespace, pod, bundle, source)"
                                        + " (ssl_chain_expiry_seconds{"
                                        + server
                                        + "}) < 1209600"));
        for (String reason : List.of("proxy-header", "handshake-failed")) {
            assertThat(alerts)
                    .extracting(PrometheusRules.Alert::query)
                    .contains(
                            "sum by (namespace, pod)"
                                    + " (rate(echo_server_connections_closed_total{reason=\""
                                    + reason
                                    + "\","
                                    + server
                                    + "}[5m])) > 0.1");
        }
    }

    @Test
    void notesWarnOfMissingScrapes() {
        assertThat(Chart.notes(ON)).contains("logs deployment/blue-epoll-echo-probe");
        assertThat(Chart.notes(ON + "prometheusRule: {enabled: true}"))
                .contains("WARNING: the alert rules of the probe require");
        assertThat(Chart.notes("probe: {enabled: true, podMonitor: {enabled: true}}"))
                .contains("so Prometheus cannot scrape the probe");
    }
}
