package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.Actuator;
import io.epollecho.EchoPeer;
import io.epollecho.Stopwatch;
import io.fabric8.kubernetes.api.model.Container;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Tests that the process behaves as the chart configures it. */
@ResourceLock("the configuration in the directory of the image")
class DeployedPodIT {

    private static final Duration DRAIN = Duration.ofSeconds(3);
    private static final Duration AT_ONCE = Duration.ofMillis(500);
    private static final Duration PROBE = Duration.ofMinutes(1);
    private static final int SIGTERM_EXIT = 128 + 15;
    private static final int NOT_ALLOWED = 405;

    @Test
    void configurationTakesEffect() throws Exception {
        try (DeployedPod pod = DeployedPod.start("event-loops: 2, connections: {max: 77}")) {
            Container container = pod.rendered().container();
            assertThat(pod.answer(container.getStartupProbe())).isEqualTo(200);
            assertThat(pod.answer(container.getLivenessProbe())).isEqualTo(200);
            assertThat(pod.answer(container.getReadinessProbe())).isEqualTo(200);

            EchoPeer.assertEchoes(pod.echoPort());
            Actuator actuator = pod.image().actuator();
            var status = actuator.get("echo");
            assertThat(status.number("$.loops.length()")).isEqualTo(2);
            assertThat(status.number("$.limits.connections")).isEqualTo(77);
            assertThat(actuator.delete("echo").status())
                    .as("the image's own configuration still applies where the chart sets nothing")
                    .isEqualTo(NOT_ALLOWED);
        }
    }

    /** Runs the image's entrypoint with the arguments of {@code helm test}. */
    @Test
    void helmTestSucceedsWhileTheServerRunsAndFailsAfterwards() throws Exception {
        try (DeployedPod pod = DeployedPod.start("")) {
            assertThat(runTest(pod)).isZero();
            pod.image().terminate();
            pod.image().awaitExit(DRAIN);
            assertThat(runTest(pod)).isEqualTo(1);
        }
    }

    private static int runTest(DeployedPod pod) throws Exception {
        List<String> arguments = pod.rendered().testPod().getContainers().getFirst().getArgs();
        Process process =
                new ProcessBuilder(Image.command(arguments))
                        .directory(Image.directory().toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(Path.of("target/helm-test.log").toFile())
                        .start();
        try {
            assertThat(process.waitFor(PROBE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void drainsWithinTheDerivedGracePeriod() throws Exception {
        String drain = "shutdown: {drain-timeout: %ds}".formatted(DRAIN.toSeconds());
        try (DeployedPod pod = DeployedPod.start(drain);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Container container = pod.rendered().container();
            Actuator actuator = pod.image().actuator();
            var refused = new CountDownLatch(1);
            Future<?> finishing = threads.submit(() -> echoUntil(refused, pod.echoPort()));
            Future<Long> endless = threads.submit(() -> echoUntilEnd(pod.echoPort()));
            await().until(() -> actuator.get("echo").number("$.connections.active") == 2);

            var timeline = new Timeline();
            timeline.mark("SIGTERM");
            pod.image().terminate();
            await().atMost(AT_ONCE)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> pod.answer(container.getReadinessProbe()) == 503);
            timeline.mark("readiness returns 503");

            assertThat(pod.answer(container.getLivenessProbe())).isEqualTo(200);
            assertThat(actuator.get("prometheus").status()).isEqualTo(200);
            assertThat(actuator.get("echo").at("$.state")).isEqualTo("draining");
            assertThat(actuator.get("echo").number("$.drain.connectionsLeft")).isEqualTo(2);
            timeline.mark("liveness, metrics and endpoint return 200; two connections are busy");

            refused.countDown();
            finishing.get(DRAIN.toSeconds(), TimeUnit.SECONDS);
            timeline.mark("one peer has finished and received all its bytes");
            assertThat(pod.answer(container.getLivenessProbe())).isEqualTo(200);

            assertThat(endless.get(EchoPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isPositive();
            timeline.mark("drain timeout elapsed; the other peer received its bytes and a FIN");
            assertThat(timeline.elapsed()).isGreaterThan(DRAIN);

            assertThat(pod.image().awaitExit(afterSigterm(pod).minus(timeline.elapsed())))
                    .isEqualTo(SIGTERM_EXIT);
            timeline.mark("exited; SIGKILL would be sent at %s".formatted(afterSigterm(pod)));
        }
    }

    /** Returns the grace period that remains after the sleep before SIGTERM. */
    private static Duration afterSigterm(DeployedPod pod) {
        var sleep = pod.rendered().container().getLifecycle().getPreStop().getSleep();
        return Duration.ofSeconds(
                pod.rendered().pod().getTerminationGracePeriodSeconds() - sleep.getSeconds());
    }

    /** Echoes until the latch is released, then half-closes and reads the rest. */
    private static boolean echoUntil(CountDownLatch end, int port) throws Exception {
        try (EchoPeer peer = EchoPeer.connect(port)) {
            do {
                peer.exchange(1000);
            } while (!end.await(1, TimeUnit.MILLISECONDS));
            peer.finish();
            return true;
        }
    }

    private static long echoUntilEnd(int port) throws Exception {
        try (EchoPeer peer = EchoPeer.connect(port)) {
            return peer.exchangeUntilEnd(1000);
        }
    }

    /** A log of events, printed with the time since its creation. */
    private static final class Timeline {

        private final Stopwatch watch = Stopwatch.start();

        Duration elapsed() {
            return watch.elapsed();
        }

        void mark(String what) {
            System.out.printf("%5.2f s  %s%n", elapsed().toNanos() / 1e9, what);
        }
    }
}
