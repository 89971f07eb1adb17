package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.epollecho.Alone;
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

import java.io.ByteArrayOutputStream;
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
@Alone("requires a processor for the probe, which keeps a rate")
class ProbeCommandTest {

    private static EchoServer server;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
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
        assertThat(out.toString(UTF_8))
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
        assertThat(out.toString(UTF_8).lines())
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
                new Histogram(3),
                new Histogram(3),
                new Progress(3, 3, 0, 0),
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
            assertThat(out.toString(UTF_8)).contains("\"ok\":false").contains("\"wrongBytes\":5");
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
                    --rate 0                | --rate 0: must be between 0.000001 and 10000000 messages per second, or omitted
                    --rate -5               | --rate -5: must be between 0.000001 and 10000000 messages per second
                    --rate 1e-10            | --rate 1E-10: must be between 0.000001 and 10000000 messages per second
                    --rate 1e999999999      | --rate 1E+999999999: must be between 0.000001 and 10000000
                    --rate NaN              | '--rate': 'NaN' is not a number
                    --rate Infinity         | '--rate': 'Infinity' is not a number
                    --size 99999999999      | --size 99999999999: must be between 1 and 67108864
                    --connections 1e3       | '--connections': '1e3' is not a whole number
                    --connections 3000000000 | --connections 3000000000: must be between 1 and 1000000
                    --connections 1000000 --pipeline 65536 | --pipeline 65536: too many messages for the heap with --connections 1000000
                    --duration 99999999999999999999s | is not a duration such as 500ms, 10s, 5m, 2h or 1d, up to 365d
                    --duration 999999999999d | is not a duration such as 500ms, 10s, 5m, 2h or 1d, up to 365d
                    --duration 366d         | must be between 1ms and 365d, or 0 for no limit
                    --warmup 9999d          | must be between 0s and 365d
                    --timeout -1s           | is not a duration
                    --percentiles 1e-999999999 | must be above 0 and below 100, with at most 9 decimal places
                    --source nowhere        | --source nowhere: must be an IP address, optionally with a port
                    --source 127.0.0.1:0    | --source 127.0.0.1:0: must be an IP address, optionally with a port
                    --source 127.0.0.1:70000 | --source 127.0.0.1:70000: must be an IP address, optionally with a port
                    --source 192.0.2.1      | --source 192.0.2.1: must be an address of this host
                    --source ::1            | --source ::1: must be an IPv4 address like the target 127.0.0.1
                    --source 127.0.0.1:4711 --connections 2 | --source 127.0.0.1:4711: a port permits a single connection
                    --ipv6                  | --ipv6: the target 127.0.0.1 is an IPv4 address
                    -4 -6                   | --ipv6: cannot be combined with --ipv4
                    -4 --source ::1         | --source ::1: cannot be combined with --ipv4
                    --rate fast             | '--rate': 'fast' is not a number
                    --duration ten          | 'ten' is not a duration
                    --duration 0.1ms        | --duration 0s: must be between 1ms and 365d, or 0 for no limit
                    --interval 1ms          | --interval 1ms: must be between 10ms and 1d
                    --percentiles 50,100    | --percentiles 100: must be above 0 and below 100
                    --percentiles most      | '--percentiles'
                    --metrics-port 0        | --metrics-port 0: must be between 1 and 65535
                    --histogram /           | --histogram /: the file cannot be written
                    --count 0               | --count 0: must be between 1 and 9223372036854775806
                    --count 99999999999999999999 | --count 99999999999999999999: must be between 1 and 9223372036854775806
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
        assertThat(out.toString(UTF_8)).isEmpty();
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
        assertThat(out.toString(UTF_8)).contains("--connections", "--rate", "Exit codes");
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
                new StandardOutput(out, UTF_8),
                new PrintWriter(err, true),
                args.toArray(new String[0]));
    }

    private long number(String field) {
        String text = out.toString(UTF_8);
        int from = text.indexOf("\"" + field + "\":") + field.length() + 3;
        return Long.parseLong(text.substring(from).split("[,}]", 2)[0]);
    }
}
