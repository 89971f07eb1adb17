package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.Actuator.Answer;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Tests for the effect of SIGTERM on the process and its peers. */
@Alone("measures the time that a process takes to exit")
class GracefulShutdownIT {

    private static final int PEERS = 1000;
    private static final Duration DRAIN = Duration.ofSeconds(4);
    private static final Duration MARGIN = Duration.ofSeconds(2);
    private static final int SIGTERM_EXIT = 128 + 15;

    @Test
    void busyPeersReceiveAllBytesThatTheServerReadAndThenAFin() throws Exception {
        var random = new Random(1);
        try (RunningJar jar = RunningJar.start("--echo.server.shutdown.drain-timeout=" + DRAIN);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var peers = new ArrayList<Future<Long>>();
            for (int i = 0; i < PEERS; i++) {
                int chunk = 1 + random.nextInt(32 * 1024);
                peers.add(threads.submit(() -> echoUntilEnd(jar.echoPort(), chunk)));
            }
            Actuator actuator = jar.actuator();
            await().atMost(EchoPeer.PATIENCE)
                    .until(() -> actuator.get("echo").number("$.connections.active") == PEERS);

            var watch = Stopwatch.start();
            jar.terminate();
            await().atMost(DRAIN).until(() -> actuator.get("health/readiness").status() == 503);
            Answer progress = actuator.get("echo");
            assertThat(progress.at("$.state")).isEqualTo("draining");
            assertThat(progress.number("$.drain.connectionsLeft")).isEqualTo(PEERS);
            assertThat(actuator.get("health/liveness").status()).isEqualTo(200);

            assertThat(jar.awaitExit(DRAIN.plus(MARGIN))).isIn(0, SIGTERM_EXIT);
            assertThat(watch.elapsed())
                    .as("busy peers have the whole drain timeout")
                    .isGreaterThan(DRAIN);

            long cameBack = 0;
            for (Future<Long> peer : peers) {
                cameBack += peer.get(EchoPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            }
            assertThat(cameBack).isEqualTo(jar.logged("stopped: .* sent (\\d+)"));
            assertThat(jar.logged("stopped: connections accepted (\\d+)")).isEqualTo(PEERS);
        }
    }

    private static long echoUntilEnd(int port, int chunk) throws IOException {
        try (EchoPeer peer = EchoPeer.connect(port)) {
            return peer.exchangeUntilEnd(chunk);
        }
    }

    @Test
    void idlePeersAreClosedSoon() throws Exception {
        try (RunningJar jar = RunningJar.start();
                EchoPeer peer = EchoPeer.connect(jar.echoPort())) {
            peer.exchange(100);
            jar.terminate();
            peer.assertEnds();
            peer.finish();
            assertThat(jar.awaitExit(MARGIN)).isIn(0, SIGTERM_EXIT);
            assertThat(jar.logged("stopped: .* cut (\\d+)")).isZero();
        }
    }

    @Test
    void stopsImmediatelyWithoutPeers() throws Exception {
        try (RunningJar jar = RunningJar.start()) {
            jar.terminate();
            assertThat(jar.awaitExit(MARGIN)).isIn(0, SIGTERM_EXIT);
            assertThat(jar.log()).contains("Echo server stopped");
        }
    }
}
