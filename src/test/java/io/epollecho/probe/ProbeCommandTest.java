package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;

import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Tests of the command line against the real server. */
@Timeout(60)
@Tag("slow")
class ProbeCommandTest {

    private static EchoServer server;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void start() {
        server =
                EchoServer.start(
                        EchoServerConfig.builder()
                                .address(InetAddress.getLoopbackAddress())
                                .port(0)
                                .build());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--count 500",
                "--count 500 --connections 7",
                "--count 500 --connections 3 --pipeline 16",
                "--count 20 --connections 2 --size 1000000",
                "--count 30 --size 100001 --pipeline 5",
                "--count 300 --rate 2000 --connections 5",
                "--count 300 --rate 2000 --connections 5 --pipeline 4",
                "--count 10 --size 1 --connections 20",
            })
    void everyMessageComesBack(String options) {
        assertThat(probe(options)).isZero();
        String count = options.split(" ", 3)[1];
        assertThat(out.toString())
                .contains("messages     " + count + " of " + count + " planned")
                .contains("wrong 0, missing 0")
                .contains("p50", "p90", "p99", "p99.9", "p99.99", "max")
                .contains("every byte came back right");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--rate 1000", "--warmup 100ms", "--warmup 100ms --rate 1000"})
    void runsForTheGivenDuration(String options) {
        assertThat(probe("--connections 4 --json --duration 300ms " + options)).isZero();
        assertThat(number("elapsedNanos")).isBetween(300_000_000L, 5_000_000_000L);
        assertThat(number("messages")).isEqualTo(number("messagesPlanned")).isPositive();
    }

    @Test
    void theRateIsKept() {
        assertThat(probe("--json --duration 500ms --rate 2000 --connections 10")).isZero();
        assertThat(number("messagesPlanned")).isBetween(990L, 1010L);
    }

    @Test
    void writesTheSummaryAsJson() {
        assertThat(probe("--json --count 100 --size 10")).isZero();
        assertThat(out.toString().lines())
                .singleElement()
                .asString()
                .startsWith("{\"ok\":true,\"connections\":1,\"connectFailures\":0,")
                .contains("\"messages\":100,\"bytes\":1000,\"wrongBytes\":0,\"missingBytes\":0,")
                .endsWith("}}");
        assertThat(number("p50")).isPositive().isLessThanOrEqualTo(number("max"));
    }

    @Test
    void writesProgressToStandardErrorEverySecond() {
        assertThat(probe("--duration 1200ms")).isZero();
        assertThat(err.toString().lines())
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).contains(" s  connections 1  messages/s "));
        assertThat(err.toString()).doesNotContain("\r");
    }

    @Test
    void updatesProgressInPlaceOnATerminal() {
        try (var line = new ProgressLine(new PrintWriter(err), true)) {
            line.interval(interval(1));
            line.interval(interval(2));
        }
        assertThat(err.toString().split("\r", -1)).hasSize(3);
        assertThat(err.toString().lines().count()).isLessThanOrEqualTo(3);
        assertThat(err.toString()).endsWith(System.lineSeparator());
    }

    private static ProbeInterval interval(int seconds) {
        return new ProbeInterval(
                Instant.EPOCH,
                Duration.ofSeconds(seconds),
                Duration.ofSeconds(1),
                true,
                3,
                0,
                new Histogram(3),
                2,
                3,
                4,
                0,
                5,
                List.of(),
                new OutageSummary(0, Duration.ZERO, Duration.ZERO, 1, false));
    }

    @Test
    void aFailureIsExitCode1() throws IOException {
        try (var faulty =
                new FaultyEchoServer(
                        (peer, bytes, _) -> {
                            bytes[0]++;
                            peer.send(bytes);
                        })) {
            assertThat(probe(faulty.address().getPort(), "--count 5 --json")).isEqualTo(1);
            assertThat(out.toString()).contains("\"ok\":false").contains("\"wrongBytes\":5");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    --size 0                | --size 0: must be between 1 and 67108864
                    --size many             | '--size': 'many' is not a whole number
                    --connections -1        | --connections -1: must be between 1 and 1000000
                    --pipeline 70000        | --pipeline 70000: must be between 1 and 65536
                    --rate 0                | --rate 0.0: must be above 0, or omitted
                    --rate -5               | --rate -5.0: must be above 0 and at most 10000000 messages per second
                    --rate fast             | '--rate': 'fast' is not a number
                    --duration ten          | 'ten' is not a duration
                    --duration 0.1ms        | --duration 0s: must be between 1ms and 365d, or 0 for no limit
                    --interval 1ms          | --interval 1ms: must be between 10ms and 1d
                    --percentiles 50,100    | --percentiles 100: must be above 0 and below 100
                    --percentiles most      | '--percentiles'
                    --metrics-port 0        | --metrics-port 0: must be between 1 and 65535
                    --histogram /           | --histogram /: the file cannot be written
                    --count 0               | --count 0: must be at least 1
                    --count few             | '--count': 'few' is not a whole number
                    --count 5 --duration 1s | --count 5: cannot be combined with --duration
                    --count 5 --warmup 1s   | --warmup 1s: cannot be combined with --count
                    --timeout 2h            | --timeout 7200s: must be between 1ms and 1h
                    --conections 5          | '--conections'
                    --port 70000            | --port 70000: must be between 1 and 65535
                    """)
    void invalidUsageIsExitCode2AndOneHelpfulLine(String options, String message) {
        int exitCode =
                options.startsWith("--port")
                        ? run(List.of(("--host localhost " + options).split(" ")))
                        : probe(options);
        assertThat(exitCode).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("probe: ")
                .contains(message);
    }

    @Test
    void requiresBothHostAndPort() {
        assertThat(run(List.of("--host", "localhost"))).isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().contains("--port");
    }

    @Test
    void showsHelp() {
        assertThat(run(List.of("--help"))).isZero();
        assertThat(out.toString()).contains("--connections", "--rate", "Exit codes");
    }

    private int probe(String options) {
        return probe(server.localAddress().getPort(), options);
    }

    private int probe(int port, String options) {
        String address = InetAddress.getLoopbackAddress().getHostAddress();
        var args = new ArrayList<>(List.of("--host", address, "--port", String.valueOf(port)));
        args.addAll(List.of(options.strip().split(" ")));
        args.remove("");
        return run(args);
    }

    private int run(List<String> args) {
        return ProbeCommand.run(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                args.toArray(new String[0]));
    }

    private long number(String field) {
        String text = out.toString();
        int from = text.indexOf("\"" + field + "\":") + field.length() + 3;
        return Long.parseLong(text.substring(from).split("[,}]", 2)[0]);
    }
}
