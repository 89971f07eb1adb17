package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.epollecho.probe.FaultyEchoServer.Front;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/** Tests that the probe reopens lost connections and reports outages. */
@Timeout(120)
@Tag("slow")
class ProbeOutagesTest {

    private static final Duration INTERVAL = Duration.ofMillis(500);

    /**
     * Stops the server as soon as messages are answered, starts it again after a number of
     * intervals, and ends the run after the requested outages.
     */
    private static final class Interrupter implements ProbeListener {

        private final RestartableEchoServer server;
        private final int[] intervals;
        private final List<Outage> begun = new ArrayList<>();
        private final List<Outage> ended = new ArrayList<>();
        private final List<Duration> intended = new ArrayList<>();
        private final List<Duration> reportedLate = new ArrayList<>();
        private @Nullable Probe probe;
        private long stoppedAt;
        private int passed;
        private boolean stopped;

        Interrupter(RestartableEchoServer server, int... intervals) {
            this.server = server;
            this.intervals = intervals.clone();
        }

        @Override
        public void interval(ProbeInterval interval) {
            if (!interval.complete()) {
                return;
            }
            if (!stopped && intended.size() < intervals.length && interval.messages() > 0) {
                stopped = true;
                passed = 0;
                stoppedAt = System.nanoTime();
                server.stop();
            } else if (stopped) {
                assertThat(interval.outages().down()).isTrue();
                assertThat(interval.messages()).isLessThan(100_000);
                if (++passed == intervals[intended.size()]) {
                    server.start();
                    intended.add(Duration.ofNanos(System.nanoTime() - stoppedAt));
                    stopped = false;
                }
            } else if (ended.size() == intervals.length && probe != null) {
                probe.stop();
            }
        }

        @Override
        public void outageBegan(Outage outage) {
            begun.add(outage);
        }

        @Override
        public void outageEnded(Outage outage) {
            ended.add(outage);
            Instant end = outage.begin().plus(outage.length());
            reportedLate.add(Duration.between(end, Instant.now()));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "20, 0", "4, 2000"})
    void reportsALongAndAShortOutage(int connections, double rate) throws IOException {
        ProbeReport report;
        Interrupter interrupter;
        try (var server = new RestartableEchoServer()) {
            interrupter = new Interrupter(server, connections == 1 ? 6 : 2, 1);
            ProbeOptions options =
                    builder(server.address()).connections(connections).rate(rate).build();
            Probe probe = Probe.open(options, interrupter);
            interrupter.probe = probe;
            report = probe.run();
        }
        assertThat(interrupter.begun).hasSize(2);
        assertThat(interrupter.ended).hasSize(2);
        for (int i = 0; i < 2; i++) {
            Outage outage = interrupter.ended.get(i);
            long intended = interrupter.intended.get(i).toMillis();
            assertThat(outage.length().toMillis()).isCloseTo(intended, within(INTERVAL.toMillis()));
            assertThat(outage.connections()).isEqualTo(connections);
            assertThat(outage.kinds()).contains(FailureKind.REFUSED).hasSizeGreaterThan(1);
            assertThat(outage.kinds().getFirst()).isIn(FailureKind.CLOSED_EARLY, FailureKind.RESET);
            assertThat(interrupter.reportedLate.get(i)).isLessThan(INTERVAL);
        }
        OutageSummary summary = report.outages();
        Duration first = interrupter.ended.get(0).length();
        Duration second = interrupter.ended.get(1).length();
        assertThat(summary.count()).isEqualTo(2);
        assertThat(summary.total()).isEqualTo(first.plus(second));
        assertThat(summary.longest()).isEqualTo(first.compareTo(second) > 0 ? first : second);
        assertThat(summary.down()).isFalse();
        assertThat(summary.availability()).isBetween(0.1, 0.95);
        // Messages that were due during an outage are skipped.
        assertThat(report.latency().getMaxValue()).isLessThan(summary.longest().toNanos());
        assertThat(report.usable()).isEqualTo(connections);
        assertThat(report.wrongBytes()).isZero();
        assertThat(report.flawless()).isFalse();
        assertThat(interrupter.begun.getFirst().first())
                .startsWith(report.firstFailure().orElseThrow());
        assertThat(new TextReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                .contains("outages      2: longest ")
                .contains("connections  %d of %1$d: ".formatted(connections));
    }

    private static ProbeOptions.Builder builder(InetSocketAddress address) {
        return ProbeOptions.builder(address)
                .duration(Duration.ZERO)
                .reconnect(true)
                .interval(INTERVAL)
                .timeout(Duration.ofSeconds(2));
    }

    @Test
    void waitsForAServerThatStartsLater() throws IOException {
        try (var server = new RestartableEchoServer()) {
            server.stop();
            Probe[] probe = new Probe[1];
            var listener =
                    new ProbeListener() {
                        private boolean started;

                        @Override
                        public void interval(ProbeInterval interval) {
                            if (!started) {
                                started = true;
                                server.start();
                            }
                        }

                        @Override
                        public void outageEnded(Outage outage) {
                            probe[0].stop();
                        }
                    };
            probe[0] = Probe.open(builder(server.address()).build(), listener);
            ProbeReport report = probe[0].run();
            assertThat(report.outages().count()).isEqualTo(1);
            assertThat(report.messages()).isPositive();
            assertThat(report.count(FailureKind.REFUSED)).isPositive();
        }
    }

    @Test
    void countsAnOutageThatLastsUntilTheEnd() throws IOException {
        try (var server = new RestartableEchoServer()) {
            server.stop();
            ProbeOptions options =
                    builder(server.address())
                            .connections(2)
                            .duration(Duration.ofSeconds(2))
                            .build();
            ProbeReport report = Probe.open(options, ProbeListener.NONE).run();
            assertThat(report.outages().down()).isTrue();
            assertThat(report.outages().availability()).isZero();
            assertThat(report.outages().total()).isGreaterThan(Duration.ofSeconds(1));
            assertThat(report.usable()).isZero();
            assertThat(new TextReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                    .contains("outages      1, the last one ongoing: longest ");
        }
    }

    /** A load balancer accepts connections even without a server behind it. */
    @Test
    void acceptingAndResettingAConnectionIsNotARecovery() throws IOException {
        var accepted = new AtomicInteger();
        Front resettingSome =
                socket -> {
                    if (accepted.getAndIncrement() < 5) {
                        socket.getInputStream().read();
                        socket.setSoLinger(true, 0);
                        socket.close();
                        throw new IOException("Reset");
                    }
                    return socket;
                };
        var listener = new UntilFirstOutage();
        try (var server =
                new FaultyEchoServer(resettingSome, (peer, bytes, _) -> peer.send(bytes))) {
            ProbeReport report = listener.run(builder(server.address()).build());
            assertThat(listener.ended).hasSize(1);
            assertThat(report.outages().count()).isEqualTo(1);
            assertThat(report.count(FailureKind.RESET)).isEqualTo(5);
        }
    }

    @Test
    void anOutageCausedByAStallBeginsWithTheLastAnswer() throws IOException {
        var connections = new AtomicInteger();
        Front counting =
                socket -> {
                    connections.incrementAndGet();
                    return socket;
                };
        var listener = new UntilFirstOutage();
        Duration timeout = Duration.ofMillis(600);
        try (var server =
                new FaultyEchoServer(
                        counting,
                        (peer, bytes, before) -> {
                            if (peer.number() > 0 || before < 1000) {
                                peer.send(bytes);
                            }
                        })) {
            ProbeOptions options = builder(server.address()).timeout(timeout).build();
            listener.run(options);
        }
        assertThat(connections).hasValue(2);
        assertThat(listener.ended)
                .singleElement()
                .satisfies(
                        outage -> {
                            assertThat(outage.kinds()).containsExactly(FailureKind.STALLED);
                            assertThat(outage.length()).isBetween(timeout, timeout.plusMillis(500));
                        });
    }

    @Test
    void expectsAGreetingOnEachNewConnection() throws IOException {
        Front greeting =
                socket -> {
                    socket.getOutputStream()
                            .write(
                                    "{\"server\":\"epoll-echo\",\"host\":\"a\"}\n"
                                            .getBytes(StandardCharsets.UTF_8));
                    return socket;
                };
        try (var server =
                new FaultyEchoServer(
                        greeting,
                        (peer, bytes, _) -> {
                            peer.send(bytes);
                            if (peer.number() < 3) {
                                peer.socket().shutdownOutput();
                            }
                        })) {
            ProbeOptions options =
                    builder(server.address()).greetingExpected(true).count(100).build();
            ProbeReport report = Probe.open(options, ProbeListener.NONE).run();
            assertThat(report.greetings()).containsEntry("a", 4);
            assertThat(report.count(FailureKind.CLOSED_EARLY)).isEqualTo(3);
        }
    }

    @Test
    void anInterruptEndsTheRun() throws IOException {
        var interrupting =
                new ProbeListener() {
                    @Override
                    public void interval(ProbeInterval interval) {
                        Thread.currentThread().interrupt();
                    }
                };
        try (var server = new RestartableEchoServer()) {
            ProbeReport report = Probe.open(builder(server.address()).build(), interrupting).run();
            assertThat(Thread.interrupted()).as("interrupt status after the run").isTrue();
            assertThat(report.messages()).isPositive();
            assertThat(report.flawless()).isTrue();
        }
    }

    /** Stops its probe when an outage has ended. */
    private static final class UntilFirstOutage implements ProbeListener {

        private final List<Outage> ended = new ArrayList<>();
        private @Nullable Probe probe;

        ProbeReport run(ProbeOptions options) throws IOException {
            probe = Probe.open(options, this);
            return probe.run();
        }

        @Override
        public void outageEnded(Outage outage) {
            ended.add(outage);
            Objects.requireNonNull(probe).stop();
        }
    }
}
