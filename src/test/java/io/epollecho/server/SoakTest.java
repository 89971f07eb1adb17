package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.ProcessFigures;
import io.epollecho.Stopwatch;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Long-running tests of a server in its own process, which must not hold more resources afterwards
 * than before. Durations and counts are split evenly over the backends.
 */
@Tag("soak")
class SoakTest {

    private static final Duration LOAD = Duration.ofMinutes(Long.getLong("soak.minutes", 30));
    private static final int CONNECTIONS = Integer.getInteger("soak.connections", 1_000_000);
    private static final int SCRIPTS = Integer.getInteger("soak.scripts", 1_000_000);
    private static final int IDLE = Integer.getInteger("soak.idle", 15_000);
    private static final List<Backend> BACKENDS =
            Arrays.stream(
                            System.getProperty("soak.on", "JDK_LEVEL,EPOLL_LEVEL,EPOLL_EDGE")
                                    .split(",", -1))
                    .map(Backend::valueOf)
                    .toList();

    private static final int BATCH = 20_000;
    private static final int LOADED = 64;
    private static final int LARGEST_REQUEST = 16 * 1024;
    private static final int FUZZERS = 4;

    /**
     * The allowed growth of resident memory, for compiled code and the like. The heap is resident
     * from the start.
     */
    private static final long RESIDENT_SLACK = 32L << 20;

    private static final SoakReport report = new SoakReport();

    static Stream<Backend> backends() {
        return BACKENDS.stream();
    }

    @ParameterizedTest
    @MethodSource("backends")
    void connectionsThatComeAndGo(Backend backend) throws Exception {
        soak(
                "connections that come and go",
                backend,
                (server, tally) -> {
                    for (int left = part(CONNECTIONS); left > 0; left -= BATCH) {
                        int batch = Math.min(left, BATCH);
                        Churn.run(server, batch);
                        tally.add(batch, (long) batch * Churn.LENGTH);
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("backends")
    void idleConnections(Backend backend) throws Exception {
        soak(
                "idle connections, each used twice",
                backend,
                (server, tally) -> {
                    // All requests are sent at once, so the last ones wait for all the others.
                    try (var idle =
                            new RequestReply(server, IDLE, LARGEST_REQUEST, Background.PATIENCE)) {
                        idle.run(IDLE);
                        idle.run(IDLE);
                        tally.add(IDLE, idle.bytes());
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("backends")
    void randomPeers(Backend backend) throws Exception {
        var seeds = new SplittableRandom();
        soak(
                "random peers",
                backend,
                (server, tally) -> {
                    int rounds = BATCH / 4 / RandomPeers.AT_ONCE;
                    int scripts = rounds * RandomPeers.AT_ONCE;
                    for (int left = part(SCRIPTS); left > 0; left -= scripts) {
                        // An even seed, because RandomPeersTest uses default buffers for even
                        // seeds.
                        long seed = 2L * seeds.nextInt(Integer.MAX_VALUE);
                        playRandomPeers(backend, server, tally, seed, rounds);
                    }
                });
    }

    private static void playRandomPeers(
            Backend backend,
            InetSocketAddress server,
            SoakReport.Tally tally,
            long seed,
            int rounds) {
        Background.forEach(
                IntStream.range(0, FUZZERS).boxed().toList(),
                fuzzer -> {
                    var peers = new RandomPeers(backend, server);
                    for (int i = fuzzer; i < rounds; i += FUZZERS) {
                        var cell = new RandomPeersTest.Cell(backend, 1);
                        RandomPeersTest.play(cell, seed + 2L * i, peers);
                        tally.add(RandomPeers.AT_ONCE, 0);
                    }
                    tally.add(0, peers.bytes());
                });
    }

    @ParameterizedTest
    @MethodSource("backends")
    void load(Backend backend) throws Exception {
        Duration duration = LOAD.dividedBy(BACKENDS.size());
        soak(
                "load on %d connections".formatted(LOADED),
                backend,
                (server, tally) -> {
                    var watch = Stopwatch.start();
                    try (var exchange = new RequestReply(server, LOADED, LARGEST_REQUEST)) {
                        while (!watch.isPast(duration)) {
                            exchange.run(BATCH);
                        }
                        tally.add(LOADED, exchange.bytes());
                    }
                });
    }

    private static int part(int count) {
        return Math.ceilDiv(count, BACKENDS.size());
    }

    @FunctionalInterface
    private interface Work {
        void on(InetSocketAddress server, SoakReport.Tally tally) throws Exception;
    }

    private static void soak(String what, Backend backend, Work work) throws Exception {
        try (ServerProcess server =
                ServerProcess.start(
                        backend,
                        0,
                        "-XX:+UseSerialGC",
                        "-Xms128m",
                        "-Xmx128m",
                        "-XX:+AlwaysPreTouch")) {
            Churn.run(server.address(), BATCH); // loads and compiles the code
            ProcessFigures figures = server.figures();
            long descriptors = settledDescriptors(figures);
            SoakReport.Row row = report.begin(what + ", " + backend, figures, descriptors);
            try {
                work.on(server.address(), row.tally());
                row.end(figures, settledDescriptors(figures));
            } catch (Exception | AssertionError e) {
                row.failed(e);
                throw e;
            } finally {
                report.write();
                System.out.println(row);
            }
            assertThat(server.isAlive()).isTrue();
            assertThat(row.descriptorsAfter())
                    .as("descriptors")
                    .isLessThanOrEqualTo(row.descriptorsBefore());
            assertThat(row.residentAfter())
                    .as("resident bytes")
                    .isLessThan(row.residentBefore() + RESIDENT_SLACK);
        }
    }

    /** Returns the number of open descriptors once the last connections are closed. */
    private static long settledDescriptors(ProcessFigures figures) throws IOException {
        var last = new long[] {figures.descriptors()};
        await().during(Duration.ofMillis(500))
                .until(
                        () -> {
                            long now = figures.descriptors();
                            boolean same = now == last[0];
                            last[0] = now;
                            return same;
                        });
        return last[0];
    }
}
