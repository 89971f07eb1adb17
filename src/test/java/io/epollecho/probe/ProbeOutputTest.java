package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.epollecho.Alone;
import io.epollecho.Ports;
import io.epollecho.probe.FaultyEchoServer.Echo;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Tests of the output of the command line. */
@Timeout(60)
@Tag("slow")
@Alone("requires a processor for the probe, which keeps a rate")
class ProbeOutputTest {

    private static final Pattern MESSAGES =
            Pattern.compile("^echo_probe_messages_total [1-9]", Pattern.MULTILINE);

    private static final Echo ECHO = (peer, bytes, _) -> peer.send(bytes);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @Test
    void acceptsATargetAsASingleArgument() throws IOException {
        try (var server = new FaultyEchoServer(ECHO)) {
            String target = "127.0.0.1:" + server.address().getPort();
            assertThat(run(target + " --count 10")).isZero();
            assertThat(out.toString(UTF_8))
                    .containsPattern("from         127\\.0\\.0\\.1:\\d+\n")
                    .contains("connections  1 of 1: failed to connect 0, reset 0, stalled 0")
                    .containsPattern("latency/us   min \\d+\\.\\d mean \\d+\\.\\d p50 ");
            assertThat(out.toString(UTF_8)).doesNotContain("failures", "outages");
        }
    }

    @Test
    void acceptsAnIpv6Target() throws IOException {
        var address = new InetSocketAddress(InetAddress.ofLiteral("::1"), 0);
        FaultyEchoServer started;
        try {
            started = new FaultyEchoServer(address, socket -> socket, ECHO);
        } catch (SocketException e) {
            assumeTrue(false, "no IPv6 available: " + e.getMessage());
            return;
        }
        try (FaultyEchoServer server = started) {
            assertThat(run("[::1]:%d --count 10".formatted(server.address().getPort()))).isZero();
            assertThat(out.toString(UTF_8)).containsPattern("from         \\[::1]:\\d+\n");
        }
    }

    @Test
    void rejectsADuplicateOrInvalidTarget() {
        assertThat(run("localhost:7 --host localhost")).isEqualTo(2);
        assertThat(err.toString())
                .contains("--host localhost: cannot be combined with localhost:7");
        assertThat(run("localhost:7 --port 7")).isEqualTo(2);
        assertThat(err.toString()).contains("--port 7: cannot be combined with localhost:7");
        assertThat(run("::1:7")).isEqualTo(2);
        assertThat(err.toString()).contains("::1:7: must be HOST:PORT, such as");
        assertThat(run("--count 5")).isEqualTo(2);
        assertThat(err.toString()).contains("specify HOST:PORT, or both --host and --port");
    }

    @Test
    void writesALinePerIntervalToStandardOutput() throws IOException {
        try (var server = new FaultyEchoServer(ECHO)) {
            assertThat(probe(server, "--duration 0.5s --interval 100ms")).isZero();
        }
        assertThat(err.toString()).isEmpty();
        List<String> lines = out.toString(UTF_8).lines().toList();
        assertThat(lines.subList(0, 3))
                .allSatisfy(
                        line ->
                                assertThat(line)
                                        .matches(
                                                "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z"
                                                    + "  messages/s \\d+( +latency/us p50 \\S+ p99"
                                                    + " \\S+ max \\S+)?  connections 1  errors 0"));
        assertThat(lines).last().asString().startsWith("result ");
    }

    @Test
    void writesIntervalsAndSummaryAsJson() throws IOException {
        try (var server = new FaultyEchoServer(ECHO)) {
            assertThat(probe(server, "--json --rate 500 --duration 0.5s --interval 100ms"))
                    .isZero();
        }
        List<JsonNode> lines = out.toString(UTF_8).lines().map(new JsonMapper()::readTree).toList();
        JsonNode summary = lines.getLast();
        List<JsonNode> intervals = lines.subList(0, lines.size() - 1);
        assertThat(summary.get("ok").asBoolean()).isTrue();
        assertThat(intervals)
                .hasSizeGreaterThanOrEqualTo(4)
                .allSatisfy(line -> assertThat(line.get("type").asString()).isEqualTo("interval"));
        long sum = intervals.stream().mapToLong(line -> line.get("messages").asLong()).sum();
        assertThat(sum).isPositive().isLessThanOrEqualTo(summary.get("messages").asLong());
        assertThat(summary.get("latencyNanos").get("min").asLong()).isPositive();
        assertThat(summary.get("latencyNanos").get("mean").asLong()).isPositive();
        assertThat(summary.get("source").asString()).startsWith("127.0.0.1:");
    }

    @Test
    void writesOutagesAsLinesOfJson() throws IOException {
        try (var server =
                new FaultyEchoServer(
                        (peer, bytes, before) -> {
                            peer.send(bytes);
                            if (peer.number() == 0 && before >= 640) {
                                peer.reset();
                            }
                        })) {
            assertThat(probe(server, "--json --reconnect --duration 0.5s --interval 100ms"))
                    .isEqualTo(1);
        }
        List<JsonNode> lines = out.toString(UTF_8).lines().map(new JsonMapper()::readTree).toList();
        List<JsonNode> outages =
                lines.stream()
                        .filter(line -> line.path("type").asString("").equals("outage"))
                        .toList();
        assertThat(outages).hasSize(2);
        assertThat(outages.getFirst().get("over").asBoolean()).isFalse();
        assertThat(outages.getLast().get("over").asBoolean()).isTrue();
        assertThat(outages.getLast().get("kinds").get(0).asString()).isEqualTo("reset");
        assertThat(outages.getLast().get("lengthNanos").asLong()).isPositive();
        JsonNode summary = lines.getLast().get("outages");
        assertThat(summary.get("count").asInt()).isEqualTo(1);
        assertThat(summary.get("availability").asDouble()).isBetween(0.3, 0.9999);
    }

    @Test
    void outagesInterruptTheProgressLineOfATerminal() throws IOException {
        try (var server =
                new FaultyEchoServer(
                        (peer, bytes, before) -> {
                            peer.send(bytes);
                            if (peer.number() == 0 && before >= 640) {
                                peer.socket().shutdownOutput();
                            }
                        })) {
            assertThat(probe(server, "--reconnect --duration 0.5s")).isEqualTo(1);
        }
        assertThat(err.toString())
                .containsPattern(
                        "\\d\\dZ  outage began: closed early, connection 0: Connection closed by"
                                + " peer, from 127.0.0.1:\\d+, to 127.0.0.1:\\d+\n")
                .containsPattern(
                        "\\d\\dZ  outage over: began \\S+Z, lasted 0\\.\\d{3} s, closed early;"
                                + " connections 1\n");
        assertThat(out.toString(UTF_8)).contains("outages      1: longest 0.");
    }

    @Test
    void showsTheRequestedPercentiles() throws IOException {
        try (var server = new FaultyEchoServer(ECHO)) {
            assertThat(probe(server, "--count 50 --percentiles 25,99.999")).isZero();
            assertThat(out.toString(UTF_8))
                    .containsPattern("min \\S+ mean \\S+ p25 \\S+ p99\\.999 \\S+ max \\S+\n");
        }
    }

    @Test
    void theHistogramLogContainsAllMessages(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("probe.hlog");
        try (var server = new FaultyEchoServer(ECHO)) {
            String options = "--json --duration 0.5s --interval 100ms --histogram " + file;
            assertThat(probe(server, options)).isZero();
        }
        assertThat(Files.readString(file)).startsWith("#[Histogram log format version 1.");
        var all = new Histogram(3);
        int intervals = 0;
        try (var reader = new HistogramLogReader(file.toFile())) {
            while (reader.hasNext()) {
                all.add((Histogram) reader.nextIntervalHistogram());
                intervals++;
            }
        }
        JsonNode summary =
                new JsonMapper().readTree(out.toString(UTF_8).lines().toList().getLast());
        assertThat(intervals).isGreaterThanOrEqualTo(4);
        assertThat(all.getTotalCount()).isEqualTo(summary.get("messages").asLong());
    }

    @Test
    void servesPrometheusMetricsDuringTheRun() throws Exception {
        int port = Ports.free();
        var scraped = new CompletableFuture<String>();
        var openMetrics = new CompletableFuture<String>();
        // The server scrapes the probe's metrics once it has answered enough messages.
        Echo scraping =
                (peer, bytes, before) -> {
                    peer.send(bytes);
                    if (!scraped.isDone()) {
                        String text = scrape(port, "*/*");
                        if (MESSAGES.matcher(text).find()) {
                            openMetrics.complete(scrape(port, "application/openmetrics-text"));
                            scraped.complete(text);
                        }
                    }
                };
        try (var server = new FaultyEchoServer(scraping)) {
            String options = "--duration 2s --interval 50ms --metrics-port " + port;
            assertThat(probe(server, options)).isZero();
        }
        assertThat(scraped.get())
                .contains("# TYPE echo_probe_messages_total counter")
                .contains("echo_probe_failures_total{kind=\"closed_early\"} 0.0")
                .contains("echo_probe_connections 1.0")
                .contains("echo_probe_connections_wanted 1.0")
                .contains("echo_probe_outage 0.0")
                .contains("echo_probe_outages_total 0.0")
                .contains("echo_probe_outage_seconds_total 0.0")
                .contains("echo_probe_round_trip_seconds_bucket{le=\"0.001\"}")
                .contains("echo_probe_round_trip_seconds_bucket{le=\"+Inf\"}");
        assertThat(openMetrics.get()).endsWith("# EOF\n");
        var count =
                Pattern.compile("echo_probe_round_trip_seconds_count (\\d+)")
                        .matcher(scraped.get());
        var messages = Pattern.compile("echo_probe_messages_total (\\d+)").matcher(scraped.get());
        assertThat(count.find() && messages.find()).isTrue();
        assertThat(count.group(1)).isEqualTo(messages.group(1));
    }

    private static String scrape(int port, String accept) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request =
                    HttpRequest.newBuilder(
                                    URI.create("http://127.0.0.1:%d/metrics".formatted(port)))
                            .header("Accept", accept)
                            .build();
            return client.send(request, BodyHandlers.ofString(UTF_8)).body();
        } catch (IOException | InterruptedException e) {
            throw new CompletionException(e);
        }
    }

    @Test
    void aMetricsPortInUseIsInvalidUsage() throws IOException {
        try (var server = new FaultyEchoServer(ECHO);
                var taken = new ServerSocket(0)) {
            assertThat(probe(server, "--metrics-port " + taken.getLocalPort())).isEqualTo(2);
            assertThat(err.toString().lines())
                    .singleElement()
                    .asString()
                    .contains("the port cannot be used: Address already in use");
        }
    }

    @Test
    void generatesShellCompletion() throws Exception {
        assertThat(run("generate-completion")).isZero();
        assertThat(out.toString(UTF_8))
                .contains("complete -F _complete_probe ")
                .contains("--reconnect", "--server-name", "--metrics-port");
        Process shell = new ProcessBuilder("bash", "-n").start();
        try (var input = shell.outputWriter(UTF_8)) {
            input.write(out.toString(UTF_8));
        }
        assertThat(shell.waitFor()).isZero();
    }

    private int probe(FaultyEchoServer server, String options) {
        return run("127.0.0.1:%d %s".formatted(server.address().getPort(), options));
    }

    private int run(String arguments) {
        return ProbeCommand.run(
                new StandardOutput(out, UTF_8),
                new PrintWriter(err, true),
                Stream.of(arguments.split(" ")).toArray(String[]::new));
    }
}
