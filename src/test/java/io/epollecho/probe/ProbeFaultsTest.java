package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Ports;
import io.epollecho.probe.FaultyEchoServer.Echo;
import io.epollecho.probe.FaultyEchoServer.Peer;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.LockSupport;

/** Tests that the probe detects every fault of a server. */
@Timeout(60)
@Tag("slow")
class ProbeFaultsTest {

    private static final int SIZE = 100;
    private static final int COUNT = 50;

    /** Offset of the fault, in the middle of the tenth message. */
    private static final long SPOT = 950;

    @Test
    void aCorrectServerHasNoFailures() throws IOException {
        ProbeReport report = probe((peer, bytes, _) -> peer.send(bytes), 2);
        assertThat(report.flawless()).isTrue();
        assertThat(report.messages()).isEqualTo(COUNT);
        assertThat(report.progress().planned()).isEqualTo(COUNT);
        assertThat(report.bytes()).isEqualTo((long) COUNT * SIZE);
        assertThat(report.firstFailure()).isEmpty();
    }

    @Test
    void aLostByteIsMissingAndShiftsTheOthers() throws IOException {
        ProbeReport report =
                probe(
                        atSpot(
                                (peer, bytes, at) -> {
                                    peer.send(Arrays.copyOf(bytes, at));
                                    peer.send(Arrays.copyOfRange(bytes, at + 1, bytes.length));
                                }),
                        1);
        assertThat(report.missingBytes()).isEqualTo(1);
        assertThat(report.wrongBytes()).isBetween(40L, 50L); // one of 256 is right by chance
        assertThat(report.count(FailureKind.STALLED)).isEqualTo(1);
        assertThat(report.flawless()).isFalse();
    }

    @Test
    void aFlippedBitIsOneWrongByte() throws IOException {
        ProbeReport report =
                probe(
                        atSpot(
                                (peer, bytes, at) -> {
                                    bytes[at] ^= 0x10;
                                    peer.send(bytes);
                                }),
                        1);
        assertThat(report.wrongBytes()).isEqualTo(1);
        assertThat(report.missingBytes()).isZero();
        assertThat(report.messages()).isEqualTo(COUNT);
        assertThat(report.flawless()).isFalse();
    }

    @Test
    void bytesSentTwiceAreWrong() throws IOException {
        ProbeReport report =
                probe(
                        atSpot(
                                (peer, bytes, _) -> {
                                    peer.send(bytes);
                                    peer.send(bytes);
                                }),
                        1);
        assertThat(report.wrongBytes()).isGreaterThanOrEqualTo(SIZE);
        assertThat(report.flawless()).isFalse();
    }

    @Test
    void unsentBytesAreWrongEvenAfterTheLastAnswer() throws IOException {
        long last = (long) (COUNT - 1) * SIZE;
        ProbeReport report =
                probe(
                        (peer, bytes, before) -> {
                            peer.send(bytes);
                            if (before == last) {
                                peer.send((byte) 'x');
                            }
                        },
                        1);
        assertThat(report.wrongBytes()).isEqualTo(1);
        assertThat(report.messages()).isEqualTo(COUNT);
    }

    @Test
    void bytesOfAnotherConnectionAreWrong() throws IOException {
        ConcurrentMap<Integer, Peer> peers = new ConcurrentHashMap<>();
        ProbeReport report =
                probe(
                        (peer, bytes, before) -> {
                            peers.put(peer.number(), peer);
                            Peer other = peers.get(1 - peer.number());
                            Peer receiver = before < SPOT || other == null ? peer : other;
                            receiver.send(bytes);
                        },
                        2);
        assertThat(report.wrongBytes()).isGreaterThan(SIZE / 2);
        assertThat(report.flawless()).isFalse();
    }

    @Test
    void aServerThatStopsAnsweringStalls() throws IOException {
        ProbeReport report =
                probe(
                        (peer, bytes, before) -> {
                            if (before < SPOT) {
                                peer.send(bytes);
                            }
                        },
                        1);
        assertThat(report.count(FailureKind.STALLED)).isEqualTo(1);
        assertThat(report.missingBytes()).isEqualTo(SIZE);
        assertThat(report.messages()).isEqualTo(10);
        assertThat(report.firstFailure()).contains("connection 0: No answer");
        assertThat(report.flawless()).isFalse();
    }

    @Test
    void reportsAReset() throws IOException {
        ProbeReport report =
                probe(
                        (peer, bytes, before) -> {
                            if (before < SPOT) {
                                peer.send(bytes);
                            } else {
                                peer.reset();
                            }
                        },
                        1);
        assertThat(report.count(FailureKind.RESET)).isEqualTo(1);
        assertThat(report.missingBytes()).isEqualTo(SIZE);
        assertThat(report.firstFailure())
                .hasValueSatisfying(it -> assertThat(it).contains("reset"));
    }

    @Test
    void reportsAConnectionClosedEarly() throws IOException {
        ProbeReport report =
                probe(
                        atSpot(
                                (peer, bytes, at) -> {
                                    peer.send(Arrays.copyOf(bytes, at));
                                    peer.socket().shutdownOutput();
                                }),
                        1);
        assertThat(report.count(FailureKind.CLOSED_EARLY)).isEqualTo(1);
        assertThat(report.missingBytes()).isEqualTo(SIZE - SPOT % SIZE);
        assertThat(report.firstFailure()).contains("connection 0: Connection closed by peer");
    }

    @Test
    void reportsARefusedConnection() throws IOException {
        var nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), Ports.free());
        ProbeReport report = probe(nobody, 3);
        assertThat(report.connectFailures()).isEqualTo(3);
        assertThat(report.connections()).isEqualTo(3);
        assertThat(report.flawless()).isFalse();
        assertThat(report.firstFailure()).contains("connection 0: Connection refused");
    }

    @Test
    void reportsAnUnknownHost() throws IOException {
        ProbeReport report = probe(InetSocketAddress.createUnresolved("nowhere.invalid", 7), 1);
        assertThat(report.connectFailures()).isEqualTo(1);
        assertThat(report.firstFailure()).contains("connection 0: Unknown host nowhere.invalid");
    }

    @Test
    void aPauseDelaysEveryMessageDueDuringIt() throws IOException {
        long pauseNanos = Duration.ofMillis(200).toNanos();
        // 200 messages in one second: a fifth of them are due during the pause, one every 5 ms.
        ProbeReport report;
        try (var server = new FaultyEchoServer(pausingOnce(pauseNanos))) {
            ProbeOptions options =
                    ProbeOptions.builder(server.address()).rate(200).count(200).build();
            report = run(options);
        }
        assertThat(report.flawless()).isTrue();
        assertThat(report.latency().getMaxValue()).isGreaterThan(pauseNanos * 95 / 100);
        // In a closed loop, only a single message would have been delayed.
        assertThat(report.latency().getCountBetweenValues(pauseNanos / 2, pauseNanos * 10))
                .isGreaterThanOrEqualTo(18);
        assertThat(report.latency().getValueAtPercentile(90)).isGreaterThan(pauseNanos * 4 / 10);
    }

    /** A pipeline of one message per round trip permits 20 messages per second here. */
    @Test
    void reportsThatTheRateWasNotReached() throws IOException {
        Echo slow =
                (peer, bytes, _) -> {
                    LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
                    peer.send(bytes);
                };
        ProbeReport report;
        try (var server = new FaultyEchoServer(slow)) {
            ProbeOptions options =
                    ProbeOptions.builder(server.address())
                            .rate(100)
                            .duration(Duration.ofSeconds(1))
                            .timeout(Duration.ofMinutes(1)) // for those queued at the end
                            .build();
            report = Probe.open(options, ProbeListener.NONE).run();
        }
        assertThat(report.flawless()).isTrue();
        assertThat(report.rateReached()).isFalse();
        assertThat(report.successful()).isFalse();
        assertThat(report.progress().planned()).isEqualTo(100);
        assertThat(report.progress().queued()).isBetween(60L, 99L);
        assertThat(report.progress().late()).isGreaterThan(10);
        assertThat(report.behind()).isGreaterThan(Duration.ofMillis(500));
        assertThat(new TextReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                .containsPattern(
                        "sent         \\d+ of 100 planned: late \\d+, queued at the end \\d+")
                .contains("raise --pipeline or --connections")
                .contains("result       INCOMPLETE: every byte came back right, but not at")
                .contains("connect/us   min ");
        assertThat(new JsonReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                .startsWith("{\"ok\":false,")
                .contains(
                        "\"messagesPlanned\":100,", "\"rateReached\":false,", "\"connectNanos\":{");
    }

    /** A long pipeline and the buffers of sockets hide that the path is slower than the rate. */
    @Test
    void reportsThatAnswersAreOverdue() throws IOException {
        ProbeReport report = probeSlowly(Duration.ofSeconds(20));
        assertThat(report.flawless()).isTrue();
        assertThat(report.messages()).isEqualTo(100);
        assertThat(report.progress().queued()).isZero();
        assertThat(report.overdue()).isBetween(50L, 99L);
        assertThat(report.rateReached()).isFalse();
        assertThat(new TextReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                .containsPattern(
                        "rate         not reached, \\d+ answers overdue at the end; the path");
    }

    /** Nothing is lost, and the connection has not ended. */
    @Test
    void reportsAnswersThatItDoesNotWaitForAsStalled() throws IOException {
        ProbeReport report = probeSlowly(Duration.ofMillis(500));
        assertThat(report.count(FailureKind.STALLED)).isEqualTo(1);
        assertThat(report.firstFailure())
                .hasValueSatisfying(
                        it ->
                                assertThat(it)
                                        .matches(
                                                "connection 0: \\d+ messages not answered 500ms"
                                                        + " after the end of the run"));
    }

    /** Sends 100 messages in half a second to a server that answers one every 20 ms. */
    private static ProbeReport probeSlowly(Duration timeout) throws IOException {
        Echo slow =
                (peer, bytes, _) -> {
                    for (int at = 0; at < bytes.length; at += SIZE) {
                        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
                        peer.send(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + SIZE)));
                    }
                };
        try (var server = new FaultyEchoServer(slow)) {
            return run(
                    ProbeOptions.builder(server.address())
                            .size(SIZE)
                            .rate(200)
                            .pipeline(1_000)
                            .duration(Duration.ofMillis(500))
                            .timeout(timeout)
                            .build());
        }
    }

    @Test
    void aRunWithoutAnyAnswerIsNotSuccessful() throws IOException {
        try (var server = new FaultyEchoServer((peer, bytes, _) -> peer.send(bytes))) {
            Probe probe =
                    Probe.open(ProbeOptions.builder(server.address()).build(), ProbeListener.NONE);
            probe.stop();
            ProbeReport report = probe.run();
            assertThat(report.flawless()).isTrue();
            assertThat(report.successful()).isFalse();
            assertThat(new TextReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                    .endsWith("result       INCOMPLETE: no message was answered");
        }
    }

    @Test
    void plansTheWholeCountEvenIfTheConnectionIsLost() throws IOException {
        try (var server =
                new FaultyEchoServer(
                        (peer, bytes, before) -> {
                            peer.send(bytes);
                            if (before >= 3 * SIZE) {
                                peer.reset();
                            }
                        })) {
            ProbeOptions options =
                    ProbeOptions.builder(server.address()).size(SIZE).count(50).build();
            ProbeReport report = Probe.open(options, ProbeListener.NONE).run();
            assertThat(report.progress().planned()).isEqualTo(50);
            assertThat(report.progress().sent()).isLessThan(10);
            FailureCount failure = report.failures().getFirst();
            assertThat(failure.endpoints().remote()).isEqualTo(server.address());
            assertThat(failure.endpoints().local()).isNotNull();
            assertThat(new TextReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                    .containsPattern(
                            "reset 1, first: .*, from 127.0.0.1:\\d+, to 127.0.0.1:\\d+\n");
        }
    }

    /** Otherwise a probe without processor time would leave out the messages that it delayed. */
    @Test
    void sendsWhatWasDueWhileTheProbeItselfStalled() throws IOException {
        Duration duration = Duration.ofMillis(500);
        ProbeReport report;
        try (var server = new FaultyEchoServer((peer, bytes, _) -> peer.send(bytes))) {
            ProbeOptions options =
                    ProbeOptions.builder(server.address())
                            .rate(200)
                            .duration(duration)
                            .interval(duration.dividedBy(5))
                            .build();
            report = Probe.open(options, stallingFor(duration)).run();
        }
        assertThat(report.flawless()).isTrue();
        assertThat(report.progress().planned()).isEqualTo(100);
        assertThat(report.messages()).isEqualTo(100);
    }

    /** Returns a listener that blocks the probe after the first interval, beyond the end. */
    private static ProbeListener stallingFor(Duration duration) {
        return new ProbeListener() {

            private long end;

            @Override
            public void measuring() {
                end = System.nanoTime() + duration.plusMillis(100).toNanos();
            }

            @Override
            public void interval(ProbeInterval interval) {
                while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                }
            }
        };
    }

    private static Echo pausingOnce(long pauseNanos) {
        return (peer, bytes, before) -> {
            if (before == 64 * 50) {
                long end = System.nanoTime() + pauseNanos;
                while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                }
            }
            peer.send(bytes);
        };
    }

    private interface Fault {

        void answer(Peer peer, byte[] bytes, int at) throws IOException;
    }

    /** Returns an echo that applies the fault to the bytes that contain {@link #SPOT}. */
    private static Echo atSpot(Fault fault) {
        return (peer, bytes, before) -> {
            if (before <= SPOT && SPOT < before + bytes.length) {
                fault.answer(peer, bytes, (int) (SPOT - before));
            } else {
                peer.send(bytes);
            }
        };
    }

    private static ProbeReport probe(Echo echo, int connections) throws IOException {
        try (var server = new FaultyEchoServer(echo)) {
            return probe(server.address(), connections);
        }
    }

    private static ProbeReport probe(InetSocketAddress address, int connections)
            throws IOException {
        return run(
                ProbeOptions.builder(address)
                        .connections(connections)
                        .size(SIZE)
                        .count(COUNT)
                        .timeout(Duration.ofSeconds(2))
                        .build());
    }

    private static ProbeReport run(ProbeOptions options) throws IOException {
        return Probe.open(options, ProbeListener.NONE).run();
    }
}
