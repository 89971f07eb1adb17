package io.epollecho;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.epollecho.Actuator.Answer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** Tests for the runnable jar as users start it. */
class RunnableJarIT {

    private static final Duration FAILED_START = Duration.ofSeconds(60);

    @SuppressWarnings("NullAway.Init") // set by start()
    private static RunningJar jar;

    @BeforeAll
    static void start() throws IOException {
        jar = RunningJar.start();
    }

    @AfterAll
    static void stop() {
        jar.close();
    }

    @Test
    void echoesAndReportsItInAllEndpoints() throws IOException {
        EchoPeer.assertEchoes(jar.echoPort());
        Answer status = jar.actuator().get("echo");
        assertThat(status.at("$.state")).isEqualTo("running");
        assertThat(status.number("$.bytes.sent")).isPositive();
        assertThat(jar.actuator().get("prometheus").body())
                .containsPattern(
                        "(?m)^echo_server_data_sent_bytes_total\\{listener=\"default\"} [1-9]")
                .contains("echo_server_connections_limit ");
        assertThat(jar.actuator().get("info").status()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({"health, true", "health/readiness, true", "health/liveness, false"})
    void isUpForProbes(String path, boolean asksTheServer) {
        Answer health = jar.actuator().get(path);
        assertThat(health.status()).isEqualTo(200);
        assertThat(health.at("$.status")).isEqualTo("UP");
        assertThat(health.body().contains("\"echo\"")).isEqualTo(asksTheServer);
    }

    @ParameterizedTest
    @CsvSource({"env", "heapdump", "shutdown", "beans", "configprops", "loggers", "threaddump"})
    void exposesNothingElse(String endpoint) {
        assertThat(jar.actuator().get(endpoint).status()).isEqualTo(404);
    }

    @Test
    void printsNoWarningAboutNativeAccess() {
        assertThat(jar.log()).doesNotContainIgnoringCase("restricted method", "native access");
    }

    @Test
    void explainsAPortInUse() throws Exception {
        int port = jar.echoPort();
        assertFailsToStart(
                List.of(),
                "--echo.server.port=" + port,
                "Cannot listen on 127.0.0.1:%d: Address already in use".formatted(port),
                "Stop the process that listens on port %d".formatted(port));
        EchoPeer.assertEchoes(port);
    }

    @Test
    void explainsAnInvalidProperty() throws Exception {
        assertFailsToStart(
                List.of(),
                "--echo.server.event-loops=many",
                "The property echo.server.event-loops is many (",
                "it must be 1 to 256.");
    }

    /** The address is reserved for documentation (RFC 5737), so no machine has it. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "web, --server.address=203.0.113.1, server.address",
        "management, --management.server.port=0 --management.server.address=203.0.113.1,"
                + " management.server.address",
    })
    void explainsAnHttpAddressOfAnotherMachine(String server, String arguments, String remedy)
            throws Exception {
        assertFailsToStart(
                List.of(),
                List.of(arguments.split(" ")),
                "The %s server cannot listen on 203.0.113.1:0: Cannot assign requested address."
                        .formatted(server),
                "Set %s to an address of this machine (ip address shows them)".formatted(remedy));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "prboe, Unknown command prboe. The only command is probe",
        "--port=7000, Unknown option --port. Did you mean --echo.server.port?",
        "--echo.server.prot=1, Unknown option --echo.server.prot. Did you mean"
                + " --echo.server.port?",
    })
    void explainsAnInvalidCommandLineInOneLine(String argument, String message) throws Exception {
        try (RunningJar failing = RunningJar.launch(List.of(), argument)) {
            assertThat(failing.awaitExit(FAILED_START)).isEqualTo(2);
            assertThat(failing.log()).startsWith("epoll-echo: " + message).hasLineCount(1);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"--help, Usage: java -jar", "-h, Usage: java -jar", "--version, epoll-echo 0.1.0"})
    void printsInformationInsteadOfStarting(String argument, String answer) throws Exception {
        try (RunningJar answering = RunningJar.launch(List.of(), argument)) {
            assertThat(answering.awaitExit(FAILED_START)).isZero();
            assertThat(answering.log()).startsWith(answer);
        }
    }

    /** The version of a running JVM cannot be changed, so the launcher is asked about others. */
    @ParameterizedTest
    @CsvSource({
        "1.8, 1.8.0_442, true",
        "11, 11.0.27, true",
        "17, 17.0.15, true",
        "24, 24, true",
        "25, 25.0.3, false",
        "26, 26-ea, false"
    })
    void explainsThatJavaIsTooOld(String specification, String version, boolean tooOld)
            throws Exception {
        var exec = Path.of(Objects.requireNonNull(System.getProperty("epoll-echo.exec-jar")));
        try (var loader = new URLClassLoader(new URL[] {exec.toUri().toURL()})) {
            Method complaint =
                    loader.loadClass("io.epollecho.launcher.Launcher")
                            .getDeclaredMethod(
                                    "complaint", String.class, String.class, String.class);
            complaint.setAccessible(true);
            assertThat(complaint.invoke(null, specification, version, "/opt/java"))
                    .isEqualTo(
                            tooOld
                                    ? "epoll-echo needs Java 25; this is Java "
                                            + version
                                            + " in /opt/java."
                                    : null);
        }
    }

    @Test
    void startsWithoutAnEchoServer() throws Exception {
        try (RunningJar idle = RunningJar.start("--echo.server.enabled=false")) {
            assertThat(idle.actuator().get("health/readiness").status()).isEqualTo(200);
            assertThat(idle.actuator().get("echo").status()).isEqualTo(404);
        }
    }

    @Test
    void startsWithoutTheHealthIndicator() throws Exception {
        try (RunningJar other = RunningJar.start("--management.health.echo.enabled=false")) {
            assertThat(other.actuator().get("health/readiness").status()).isEqualTo(200);
        }
    }

    @Test
    void explainsAnHttpPortInUse() throws Exception {
        assertFailsToStart(
                List.of(),
                "--server.port=" + jar.httpPort(),
                "The web server cannot listen on 127.0.0.1:%d: Address already in use."
                        .formatted(jar.httpPort()),
                "or set server.port to another port, such as --server.port="
                        + (jar.httpPort() + 1));
    }

    @Test
    void explainsAnUnknownEnvironmentVariable() throws Exception {
        try (RunningJar failing = RunningJar.launch(List.of("env", "ECHO_SERVER_PROT=7000"))) {
            assertThat(failing.awaitExit(FAILED_START)).isEqualTo(2);
            assertThat(failing.log())
                    .contains(
                            "the environment variable ECHO_SERVER_PROT.",
                            "Rename it if you mean ECHO_SERVER_PORT, or unset it.")
                    .containsOnlyOnce("APPLICATION FAILED TO START")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void explainsAMissingPermissionForAPort() throws Exception {
        assertFailsToStart(
                withoutPermission(),
                "--echo.server.port=7",
                "Cannot listen on 127.0.0.1:7: Permission denied",
                "CAP_NET_BIND_SERVICE. Set echo.server.port to a higher port");
    }

    @Test
    void explainsAMissingPermissionForAnHttpPort() throws Exception {
        assertFailsToStart(
                withoutPermission(),
                "--management.server.port=7",
                "The management server cannot listen on port 7: Permission denied.",
                "CAP_NET_BIND_SERVICE. Set management.server.port to a higher port");
    }

    /** Root may bind any port, so the prefix drops the capability. */
    private static List<String> withoutPermission() throws IOException {
        assumeTrue(firstUnprivilegedPort() > 7, "Port 7 requires no permission on this machine");
        if (!System.getProperty("user.name").equals("root")) {
            return List.of();
        }
        var setpriv = Path.of("/usr/bin/setpriv");
        assumeTrue(Files.isExecutable(setpriv), "setpriv is not installed");
        return List.of(setpriv.toString(), "--bounding-set=-net_bind_service", "--inh-caps=-all");
    }

    /** Reads in one call, because a second read of a sysctl returns nothing, see proc(5). */
    private static int firstUnprivilegedPort() throws IOException {
        var file = Path.of("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            return Integer.parseInt(reader.readLine());
        }
    }

    private static void assertFailsToStart(
            List<String> prefix, String argument, String... explanation) throws Exception {
        assertFailsToStart(prefix, List.of(argument), explanation);
    }

    private static void assertFailsToStart(
            List<String> prefix, List<String> arguments, String... explanation) throws Exception {
        try (RunningJar failing = RunningJar.launch(prefix, arguments.toArray(String[]::new))) {
            assertThat(failing.awaitExit(FAILED_START)).isEqualTo(1);
            assertThat(failing.log())
                    .contains(explanation)
                    .doesNotContain(
                            "cancelling refresh attempt", "Exception", "condition evaluation")
                    .containsOnlyOnce("APPLICATION FAILED TO START")
                    .doesNotContain("\tat ");
        }
    }
}
