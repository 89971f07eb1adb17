package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.EchoPeer;
import io.epollecho.Ports;
import io.epollecho.stream.Certificates;
import io.fabric8.kubernetes.api.model.Container;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Tests for dashboard and alert rules against the metrics that server and probe export. */
@ResourceLock("the configuration in the directory of the image")
class ObservabilityIT {

    private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-z_]+)(?:\\{([^}]*)})? (\\S+)$");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"([^\"]*)\"");

    /** A series that Prometheus itself creates. */
    private static final String UP = "up";

    /** Labels that Prometheus adds to every series. */
    private static final Set<String> TARGET = Set.of("namespace", "job", "pod");

    /** A label that the chart's relabeling adds to the probe's series. */
    private static final String NODE = "node";

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static DeployedPod pod;

    /** All scraped metrics: the values by label by name. */
    private static final Map<String, Map<String, Set<String>>> METRICS = new TreeMap<>();

    @BeforeAll
    static void scrape(@TempDir Path directory) throws Exception {
        Path certificate =
                Files.writeString(
                        directory.resolve("tls.crt"),
                        Certificates.certificateAsPem(Certificates.SERVER));
        Path key =
                Files.writeString(
                        directory.resolve("tls.key"), Certificates.keyAsPem(Certificates.SERVER));
        String store = "{certificate: 'file:" + certificate + "', private-key: 'file:" + key + "'}";
        pod =
                DeployedPod.start(
                        "listeners: {tls: {port: " + Ports.free() + ", ssl: {bundle: web}}}",
                        "ssl: {bundle: {pem: {web: {keystore: " + store + "}}}}");
        EchoPeer.assertEchoes(pod.echoPort());
        collect(pod.image().actuator().get("prometheus").body());
        assertThat(METRICS).hasSizeGreaterThan(50);
        collect(scrapeProbe());
        assertThat(METRICS).containsKey("echo_probe_messages_total");
    }

    /** Returns the metrics of the chart's probe once it exports failures. */
    private static String scrapeProbe() throws IOException {
        Container container = pod.rendered().probeTemplate().getSpec().getContainers().getFirst();
        URI metrics =
                URI.create(
                        "http://localhost:%d%s"
                                .formatted(
                                        container.getPorts().getFirst().getContainerPort(),
                                        container.getLivenessProbe().getHttpGet().getPath()));
        try (var probe = RunningImage.start(Image.command(container.getArgs()), 0);
                HttpClient client = HttpClient.newHttpClient()) {
            return await().atMost(EchoPeer.PATIENCE)
                    .until(
                            () -> {
                                assertThat(probe.process().isAlive())
                                        .as("%s", Chart.read(probe.log()))
                                        .isTrue();
                                return read(client, metrics);
                            },
                            answer -> answer.contains("echo_probe_failures_total{"));
        }
    }

    private static String read(HttpClient client, URI metrics) throws InterruptedException {
        try {
            return client.send(
                            HttpRequest.newBuilder(metrics).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException _) {
            return ""; // the probe is not listening yet
        }
    }

    private static void collect(String answer) {
        for (MatchResult sample : SAMPLE.matcher(answer).results().toList()) {
            Map<String, Set<String>> labels =
                    METRICS.computeIfAbsent(sample.group(1), _ -> new TreeMap<>());
            if (sample.group(2) != null) {
                for (MatchResult label : LABEL.matcher(sample.group(2)).results().toList()) {
                    labels.computeIfAbsent(label.group(1), _ -> new TreeSet<>())
                            .add(label.group(2));
                }
            }
        }
    }

    @AfterAll
    static void stop() throws IOException {
        pod.close();
    }

    @Test
    void dashboardUsesOnlyExportedMetrics() {
        assertThat(dashboardQueries())
                .hasSizeGreaterThan(15)
                .allSatisfy(ObservabilityIT::assertAnswered);
    }

    @Test
    void alertsUseOnlyExportedMetrics() {
        assertThat(Queries.ofRules(pod.rendered()))
                .hasSizeGreaterThan(5)
                .allSatisfy(ObservabilityIT::assertAnswered);
    }

    private static void assertAnswered(String query) {
        for (String operand : Queries.operands(query)) {
            assertThat(Queries.series(operand))
                    .as(query)
                    .singleElement()
                    .satisfies(series -> assertAnswered(operand, series));
        }
    }

    private static void assertAnswered(String operand, Queries.Series series) {
        if (series.metric().equals(UP)) {
            return;
        }
        assertThat(METRICS).as(operand).containsKey(series.metric());
        Map<String, Set<String>> labels = METRICS.getOrDefault(series.metric(), Map.of());
        for (Queries.Condition condition : series.conditions()) {
            if (!target(series.metric()).contains(condition.label())) {
                for (String value : condition.pattern().split("\\|", -1)) {
                    assertThat(labels.getOrDefault(condition.label(), Set.of()))
                            .as("%s: %s", operand, condition)
                            .contains(value);
                }
            }
        }
        assertThat(Queries.groups(operand))
                .as(operand)
                .allMatch(
                        label ->
                                target(series.metric()).contains(label)
                                        || labels.containsKey(label));
    }

    /** Returns the labels that a series has from its scrape target. */
    private static Set<String> target(String metric) {
        var labels = new TreeSet<>(TARGET);
        if (metric.startsWith("echo_probe_")) {
            labels.add(NODE);
        }
        return labels;
    }

    /** Prometheus silently drops series without a match on the other side. */
    @Test
    void bothSidesOfADivisionHaveTheSameLabels() {
        List<String> queries = new ArrayList<>(dashboardQueries());
        queries.addAll(Queries.ofRules(pod.rendered()));
        assertThat(queries)
                .filteredOn(query -> query.contains(" / "))
                .hasSizeGreaterThan(3)
                .allSatisfy(
                        query ->
                                assertThat(Queries.operands(query))
                                        .extracting(ObservabilityIT::resultLabels)
                                        .containsOnly(
                                                resultLabels(Queries.operands(query).getFirst())));
    }

    /** Otherwise one cause would fire one alert per listener of the pod. */
    @Test
    void noAlertIsRepeatedForEachListener() {
        assertThat(Queries.ofRules(pod.rendered()))
                .flatExtracting(Queries::operands)
                .allSatisfy(
                        operand -> assertThat(resultLabels(operand)).doesNotContain("listener"));
    }

    @Test
    void legendsDistinguishTheLinesOfAPanel() {
        assertThat(Queries.ofDashboard())
                .allSatisfy(
                        line -> {
                            Set<String> labels =
                                    resultLabels(Queries.operands(line.query()).getFirst());
                            labels.removeAll(Set.of("namespace", "job"));
                            assertThat(labels)
                                    .allMatch(label -> line.legend().contains("{{" + label + "}}"));
                        });
    }

    private static Set<String> resultLabels(String operand) {
        String metric = Queries.series(operand).getFirst().metric();
        Set<String> labels = new TreeSet<>(METRICS.getOrDefault(metric, Map.of()).keySet());
        labels.addAll(target(metric));
        return new TreeSet<>(Queries.resultLabels(operand, labels));
    }

    private static List<String> dashboardQueries() {
        return Queries.ofDashboard().stream().map(Queries.Line::query).toList();
    }

    @Test
    void dashboardShowsEveryMetricOfServerAndProbe() {
        var shown = new TreeSet<String>();
        for (String query : dashboardQueries()) {
            Queries.series(query).forEach(series -> shown.add(series.metric()));
        }
        assertThat(METRICS.keySet())
                .filteredOn(name -> name.matches("echo_(server|probe)_.*"))
                .filteredOn(name -> !name.endsWith("_max"))
                .hasSizeGreaterThan(25)
                .allMatch(shown::contains);
    }

    @Test
    void everyAlertHasARunbook() {
        assertThat(PrometheusRules.of(pod.rendered()))
                .allSatisfy(
                        alert -> {
                            assertThat(alert.name()).matches("Echo(Server|Probe)[A-Z].*");
                            assertThat(alert.severity()).isIn("critical", "warning", "info");
                            if (!alert.name().endsWith("Absent")) {
                                assertThat(alert.summary()).contains("{{ $labels.pod }}");
                            }
                            assertThat(alert.runbook())
                                    .hasSizeGreaterThan(30)
                                    .doesNotContain("\n")
                                    .endsWith(".");
                        })
                .extracting(PrometheusRules.Alert::name)
                .doesNotHaveDuplicates();
    }
}
