package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Tests for a process that may open 256 files while 1,000 clients connect, see RLIMIT_NOFILE in
 * setrlimit(2).
 */
@Alone("measures the time that a process takes to recover")
class DescriptorShortageIT {

    private static final int LIMIT = 256;
    private static final int CONNECTORS = 1_000;
    private static final Duration WATCHED = Duration.ofSeconds(3);
    private static final Duration RECOVERY = Duration.ofSeconds(2);

    private final List<EchoPeer> connectors = new ArrayList<>();

    @AfterEach
    void disconnect() throws IOException {
        for (EchoPeer connector : connectors) {
            connector.close();
        }
    }

    /** The server knows the limit from the start, accepts fewer connections and keeps a reserve. */
    @Test
    void lowersItsConnectionLimitAndRefusesFurtherClients() throws Exception {
        List<String> limited =
                List.of("bash", "-c", "ulimit -n %d; exec \"$@\"".formatted(LIMIT), "bash");
        try (RunningJar jar = RunningJar.start(limited);
                EchoPeer existing = EchoPeer.connect(jar.echoPort())) {
            existing.exchange(100);
            Actuator actuator = jar.actuator();
            long allowed = actuator.get("echo").number("$.limits.connections");
            assertThat(jar.logged("connections.max lowered from 10000 to (\\d+)"))
                    .isEqualTo(allowed)
                    .isBetween(1L, (long) LIMIT);
            var watch = Stopwatch.start();
            connect(jar);
            await().until(
                            () ->
                                    actuator.get("echo").number("$.connections.rejected.limit")
                                            == CONNECTORS + 1 - allowed);
            assertCalm(jar, existing, "Connection refused", watch);
            assertThat(actuator.get("echo").number("$.connections.acceptErrors")).isZero();

            disconnect();
            await().atMost(RECOVERY)
                    .ignoreExceptions()
                    .untilAsserted(() -> EchoPeer.assertEchoes(jar.echoPort()));
        }
    }

    /**
     * The limit is lowered while the process runs, so that accepting fails. HTTP requests can then
     * be served only on existing connections.
     */
    @ParameterizedTest
    @ValueSource(strings = {"epoll", "jdk"})
    void resumesAcceptingWhenDescriptorsAreFreed(String selector) throws Exception {
        try (RunningJar jar = RunningJar.start("--echo.server.selector=" + selector);
                EchoPeer existing = EchoPeer.connect(jar.echoPort())) {
            existing.exchange(100);
            Actuator actuator = jar.actuator();
            assertThat(actuator.get("echo").number("$.limits.connections"))
                    .isGreaterThan(CONNECTORS);
            lowerLimit(jar.pid());
            var watch = Stopwatch.start();
            connect(jar);
            await().until(() -> jar.countLogged("Cannot accept connections") > 0);
            assertCalm(jar, existing, "Cannot accept connections", watch);
            assertThat(actuator.get("echo").number("$.connections.acceptErrors"))
                    .as("failed attempts to accept")
                    .isBetween(2L, 20L);
            assertThat(actuator.get("echo").number("$.connections.active"))
                    .isBetween(1L, (long) LIMIT);

            for (EchoPeer connector : connectors.subList(0, LIMIT)) {
                connector.close();
            }
            var sinceFree = Stopwatch.start();
            connectors.get(LIMIT).exchange(100);
            assertThat(sinceFree.elapsed()).isLessThan(RECOVERY);
        }
    }

    private void connect(RunningJar jar) throws IOException {
        for (int i = 0; i < CONNECTORS; i++) {
            connectors.add(EchoPeer.connect(jar.echoPort()));
        }
    }

    private static void lowerLimit(long pid) throws Exception {
        Process process =
                new ProcessBuilder("prlimit", "--pid=" + pid, "--nofile=" + LIMIT + ":" + LIMIT)
                        .inheritIO()
                        .start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    /**
     * Asserts that existing peers are served, the probes succeed, the event loop is mostly idle and
     * the log stays short.
     */
    private static void assertCalm(
            RunningJar jar, EchoPeer existing, String complaint, Stopwatch watch)
            throws IOException {
        ProcessFigures figures = ProcessFigures.of(jar.pid());
        Duration before = figures.cpuTimeOf("echo-server-0");
        await().during(WATCHED)
                .atMost(WATCHED.multipliedBy(3))
                .until(
                        () -> {
                            existing.exchange(100);
                            return jar.actuator().get("health").status() == 200;
                        });
        assertThat(figures.cpuTimeOf("echo-server-0").minus(before))
                .as("CPU time of the event loop within %s", WATCHED)
                .isLessThan(WATCHED.dividedBy(6));
        long seconds = watch.elapsed().toSeconds();
        assertThat(jar.countLogged(complaint))
                .as("log lines containing '%s'", complaint)
                .isBetween(1L, seconds + 1);
    }
}
