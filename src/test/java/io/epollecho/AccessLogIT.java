package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.jayway.jsonpath.JsonPath;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tests for the runnable jar's access log on the console. */
class AccessLogIT {

    private static final Pattern DROPPED =
            Pattern.compile("(?m)^echo_server_access_log_dropped_total (\\S+)$");

    @Test
    void structuredLogHasAFieldForEachPair() throws IOException {
        try (var jar =
                RunningJar.start(
                        "--echo.server.access-log=on", "--logging.structured.format.console=ecs")) {
            EchoPeer.assertEchoes(jar.echoPort());
            await().atMost(EchoPeer.PATIENCE)
                    .until(() -> jar.countLogged("\"logger\":\"echo.access\"") == 1);
            String line =
                    jar.log()
                            .lines()
                            .filter(text -> text.contains("\"logger\":\"echo.access\""))
                            .findFirst()
                            .orElseThrow();
            assertThat(JsonPath.<String>read(line, "$.listener")).isEqualTo("default");
            assertThat(JsonPath.<String>read(line, "$.peer")).startsWith("127.0.0.1:");
            assertThat(JsonPath.<Integer>read(line, "$.received")).isEqualTo(1000);
            assertThat(JsonPath.<Integer>read(line, "$.sent")).isEqualTo(1000);
            assertThat(JsonPath.<String>read(line, "$.reason")).isEqualTo("peer");
        }
    }

    @Test
    void plainConsoleShowsPairsAsText() throws IOException {
        try (var jar = RunningJar.start("--echo.server.access-log=true")) {
            EchoPeer.assertEchoes(jar.echoPort());
            await().atMost(EchoPeer.PATIENCE)
                    .until(() -> jar.countLogged("received=1000 sent=1000 reason=peer") == 1);
        }
    }

    /** The log is not read until its pipe (64 KiB) and its queue (8,192 lines) are full. */
    @Test
    void blockedConsoleDoesNotDelayEchoes() throws IOException {
        try (var jar = RunningJar.start("--echo.server.access-log=on")) {
            // The first HTTP request logs lines of its own, so send it before holding the log.
            assertThat(dropped(jar)).isZero();
            jar.holdLog();
            try {
                await().atMost(EchoPeer.PATIENCE.multipliedBy(6))
                        .until(
                                () -> {
                                    for (int i = 0; i < 500; i++) {
                                        EchoPeer.assertEchoes(jar.echoPort());
                                    }
                                    return dropped(jar) > 0;
                                });
                EchoPeer.assertEchoes(jar.echoPort());
            } finally {
                jar.readOn();
            }
            await().atMost(EchoPeer.PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(jar.countLogged("reason=peer") + dropped(jar))
                                            .isEqualTo(
                                                    jar.actuator()
                                                            .get("echo")
                                                            .number("$.connections.closed.peer")));
            assertThat(jar.countLogged("Access log fell behind: ")).isPositive();
        }
    }

    private static long dropped(RunningJar jar) {
        Matcher dropped = DROPPED.matcher(jar.actuator().get("prometheus").body());
        assertThat(dropped.find()).isTrue();
        return (long) Double.parseDouble(dropped.group(1));
    }
}
