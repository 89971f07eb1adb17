package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.epollecho.ChildJvm;
import io.epollecho.EpollEchoApplication;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Tests of the probe in its own network namespace, with packet filters, delay and loss. */
@Timeout(120)
@Tag("slow")
class ProbeNetworkTest {

    private static final Duration ROUND_TRIP = Duration.ofMillis(40);

    private static @Nullable NetworkNamespace created;
    private static @Nullable FaultyEchoServer started;

    private static NetworkNamespace network() {
        return Objects.requireNonNull(created);
    }

    private static int port() {
        return Objects.requireNonNull(started).address().getPort();
    }

    @BeforeAll
    static void create() throws Exception {
        try {
            created = new NetworkNamespace();
        } catch (IOException e) {
            skip("no network namespace available: " + e.getMessage());
        }
        started = server(NetworkNamespace.HOST);
    }

    private static FaultyEchoServer server(String host) throws IOException {
        return new FaultyEchoServer(
                new InetSocketAddress(InetAddress.ofLiteral(host), 0),
                socket -> socket,
                (peer, bytes, _) -> peer.send(bytes));
    }

    @AfterAll
    static void remove() throws Exception {
        if (started != null) {
            started.close();
        }
        if (created != null) {
            created.close();
        }
    }

    private static void skip(String reason) {
        System.out.println("ProbeNetworkTest skipped: " + reason);
        abort(reason);
    }

    /** Runs a command, and skips the tests if it fails. */
    private static void require(String... command) {
        try {
            network().inside(command);
        } catch (IOException e) {
            skip("command failed: " + e.getMessage());
        }
    }

    private static void filter(String action, String... rule) {
        List<String> command = new ArrayList<>(List.of("iptables", "-w", action));
        command.addAll(List.of(rule));
        require(command.toArray(new String[0]));
    }

    @Test
    void reportsAMissingRoute() throws Exception {
        JsonNode summary = probe("203.0.113.1:7", "--count", "1");
        assertThat(kinds(summary)).containsExactly("unreachable");
    }

    /** The difference shows whether a firewall is in the way. */
    @ParameterizedTest
    @CsvSource({
        "OUTPUT, REJECT --reject-with tcp-reset, refused",
        "INPUT, DROP, timed out",
        "OUTPUT, REJECT --reject-with icmp-host-unreachable, unreachable",
    })
    void distinguishesRejectFromDrop(String chain, String target, String kind) throws Exception {
        String direction = chain.equals("OUTPUT") ? "--dport" : "--sport";
        List<String> rule =
                new ArrayList<>(List.of(chain, "-p", "tcp", direction, String.valueOf(port())));
        rule.add("-j");
        rule.addAll(List.of(target.split(" ")));
        String[] words = rule.toArray(new String[0]);
        filter("-A", words);
        try {
            assertThat(kinds(probe(target(), "--count", "1", "--timeout", "1s")))
                    .containsExactly(kind);
        } finally {
            filter("-D", words);
        }
    }

    /** Drops the packets of open connections without an answer, as if a cable were pulled. */
    @Test
    void aPathThatDropsPacketsIsAnOutage() throws Exception {
        String[] rule = {"INPUT", "-p", "tcp", "--sport", String.valueOf(port()), "-j", "DROP"};
        boolean filtered = false;
        boolean removed = false;
        Process probe =
                start(
                        target(),
                        "--json",
                        "--reconnect",
                        "--connections",
                        "3",
                        "--rate",
                        "100",
                        "--duration",
                        "60s",
                        "--interval",
                        "200ms",
                        "--timeout",
                        "1s");
        List<JsonNode> lines = new ArrayList<>();
        try (BufferedReader reader = probe.inputReader(UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                JsonNode json = new JsonMapper().readTree(line);
                lines.add(json);
                boolean outage = json.path("type").asString("").equals("outage");
                if (!filtered && !outage && json.path("messages").asLong(0) > 0) {
                    filter("-A", rule);
                    filtered = true;
                } else if (filtered && !removed && outage && !json.get("over").asBoolean()) {
                    filter("-D", rule);
                    removed = true;
                } else if (removed && outage) {
                    probe.toHandle().destroy(); // SIGTERM; the probe still writes its summary
                }
            }
            assertThat(probe.waitFor()).isEqualTo(1);
        } finally {
            probe.destroyForcibly();
        }
        JsonNode summary = lines.getLast();
        assertThat(removed).isTrue();
        assertThat(summary.get("outages").get("longestNanos").asLong()).isGreaterThan(900_000_000);
        assertThat(kinds(summary)).contains("stalled").doesNotContain("reset");
        assertThat(summary.get("usable").asInt()).isEqualTo(3);
        assertThat(summary.get("wrongBytes").asLong()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"INPUT", "OUTPUT"})
    void everyByteComesBackDespiteLoss(String chain) throws Exception {
        String[] rule = {
            chain,
            "-p",
            "tcp",
            "-m",
            "statistic",
            "--mode",
            "random",
            "--probability",
            "0.05",
            "-j",
            "DROP"
        };
        filter("-A", rule);
        try {
            JsonNode summary =
                    probe(target(), "--connections", "10", "--count", "1000", "--timeout", "30s");
            assertThat(summary.get("ok").asBoolean()).isTrue();
            assertThat(summary.get("messages").asLong()).isEqualTo(1000);
            // Lost packets are retransmitted after 200 ms at the earliest.
            assertThat(summary.get("latencyNanos").get("max").asLong()).isGreaterThan(150_000_000);
        } finally {
            filter("-D", rule);
        }
    }

    @Test
    void everyByteComesBackDespiteDelayAndLoss() throws Exception {
        try (LossyLink link = lossyLink();
                FaultyEchoServer server = server(LossyLink.HOST)) {
            JsonNode summary =
                    probe(
                            LossyLink.HOST + ":" + server.address().getPort(),
                            "--connections",
                            "10",
                            "--count",
                            "200");
            assertThat(summary.get("ok").asBoolean()).isTrue();
            assertThat(summary.get("messages").asLong()).isEqualTo(200);
            JsonNode latency = summary.get("latencyNanos");
            assertThat(latency.get("min").asLong()).isGreaterThan(ROUND_TRIP.toNanos());
            assertThat(link.lost()).isPositive();
            // A retransmission takes place a further round trip later at the earliest.
            assertThat(latency.get("max").asLong()).isGreaterThan(2 * ROUND_TRIP.toNanos());
        }
    }

    @Test
    void reportsTheLengthOfAnOutageDespiteDelayAndLoss() throws Exception {
        try (LossyLink link = lossyLink();
                FaultyEchoServer server = server(LossyLink.HOST)) {
            Process probe =
                    start(
                            LossyLink.HOST + ":" + server.address().getPort(),
                            "--json",
                            "--reconnect",
                            "--rate",
                            "50",
                            "--duration",
                            "60s",
                            "--interval",
                            "200ms",
                            "--timeout",
                            "1s");
            long cutAt = 0;
            Duration cut = Duration.ZERO;
            JsonNode json = MissingNode.getInstance();
            try (BufferedReader reader = probe.inputReader(UTF_8)) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    json = new JsonMapper().readTree(line);
                    boolean outage = json.path("type").asString("").equals("outage");
                    if (cutAt == 0 && !outage && json.path("messages").asLong(0) > 0) {
                        cutAt = System.nanoTime();
                        link.cut(true);
                    } else if (cutAt != 0 && cut.isZero()) {
                        long since = System.nanoTime() - cutAt;
                        if (since >= Duration.ofSeconds(3).toNanos()) {
                            link.cut(false);
                            cut = Duration.ofNanos(since);
                        }
                    } else if (!cut.isZero() && outage && json.get("over").asBoolean()) {
                        probe.toHandle().destroy(); // SIGTERM; the probe still writes its summary
                    }
                }
                assertThat(probe.waitFor()).isEqualTo(1);
            } finally {
                probe.destroyForcibly();
            }
            assertThat(json.get("outages").get("longestNanos").asLong())
                    .isCloseTo(cut.toNanos(), within(Duration.ofSeconds(1).toNanos()));
            assertThat(json.get("outages").get("down").asBoolean()).isFalse();
            assertThat(kinds(json)).contains("stalled", "timed out").doesNotContain("reset");
            assertThat(json.get("usable").asInt()).isEqualTo(1);
            assertThat(json.get("wrongBytes").asLong()).isZero();
        }
    }

    private static LossyLink lossyLink() {
        try {
            return new LossyLink(network(), ROUND_TRIP.dividedBy(2), 50);
        } catch (IOException e) {
            skip("no TUN devices available: " + e.getMessage());
            throw new AssertionError(e);
        }
    }

    private static String target() {
        return NetworkNamespace.HOST + ":" + port();
    }

    private static List<String> kinds(JsonNode summary) {
        List<String> kinds = new ArrayList<>();
        for (JsonNode failure : summary.path("failures")) {
            kinds.add(failure.get("kind").asString());
        }
        return kinds;
    }

    private static JsonNode probe(String target, String... options) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--json"));
        arguments.addAll(List.of(options));
        Process process = start(target, arguments.toArray(new String[0]));
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor();
        return new JsonMapper().readTree(output);
    }

    private static Process start(String target, String... options) throws IOException {
        List<String> command = ChildJvm.command(EpollEchoApplication.class, ChildJvm.QUICK_START);
        command.addAll(List.of("probe", target));
        command.addAll(List.of(options));
        return network().start(command.toArray(new String[0]));
    }
}
