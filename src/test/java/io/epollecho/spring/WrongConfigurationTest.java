package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchException;
import static org.assertj.core.api.Assertions.entry;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.epollecho.Alone;
import io.epollecho.ChildJvm;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.Setting;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tests of the failure analyses for an invalid configuration. */
@ExtendWith(OutputCaptureExtension.class)
@Alone("captures the standard output")
class WrongConfigurationTest {

    private static final String HEADLINE = "APPLICATION FAILED TO START";

    /**
     * The port is in use throughout the test, so that an attempt to listen before the property is
     * checked would lead to a different failure.
     */
    @ParameterizedTest(name = "{0}={1}")
    @CsvSource(
            delimiter = '|',
            value = {
                // Out of range; EchoServerPropertiesTest has both ends of each range.
                "port                        | -1           | 0 to 65535, where 0 takes any free"
                        + " port",
                "event-loops                 | 257          | 1 to 256",
                "busy-poll                   | 11ms         | 0 to 10ms, where 0 sleeps at once",
                "ssl.handshake-timeout       | 0            | 10ms to 1h",
                "proxy-protocol.header-timeout | 61m        | 10ms to 1h",
                "read-buffer-size            | 1023B        | 1KB to 16MB",
                "read-buffer-size            | 5GB          | 1KB to 16MB",
                "read-budget                 | -8190MB      | read-buffer-size to 1GB",
                "socket.receive-buffer       | 1000B        | 1KB to 1GB, or unset to let the"
                        + " kernel",
                "connections.max-per-address | 10000001     | 0 to connections.max",
                "connections.max-pending     | 101TB        | read-buffer-size to 100TB",
                "connections.idle-timeout    | 366d         | 10ms to 365d, or 0",
                "connections.write-timeout   | -1s          | 10ms to 365d, or 0",
                // Of the wrong type.
                "port                        | http         | 0 to 65535",
                "port                        | 99999999999  | 0 to 65535",
                "backlog                     | many         | 1 to 1048576",
                "event-loops                 | 1.5          | 1 to 256",
                "worker-threads              | few          | 1 to 256",
                "proxy-protocol.mode         | auto         | off or required",
                "proxy-protocol.trusted      | 10.0.0.0/33  | IP addresses and CIDR"
                        + " ranges, such as 10.0.0.0/8, or unset to trust all peers",
                "proxy-protocol.trusted      | ''           | IP addresses and CIDR"
                        + " ranges, such as 10.0.0.0/8, or unset to trust all peers",
                "proxy-protocol.trusted      | 10.0.0.1,lb  | IP addresses and CIDR",
                "proxy-protocol.trusted[0]   | 300.0.0.1    | IP addresses and CIDR",
                "proxy-protocol.header-timeout | soon       | 10ms to 1h",
                "ssl.client-auth             | maybe        | none, want or need",
                "ssl.bundle                  | web          | the name of an SSL bundle, but none"
                        + " is defined; define one below spring.ssl.bundle",
                "ssl.handshake-timeout       | a while      | 10ms to 1h",
                "greeting                    | hello        | none or identity",
                "read-buffer-size            | 64potatoes   | 1KB to 16MB",
                "read-budget                 | 1 MiB        | read-buffer-size to 1GB",
                "socket.receive-buffer       | some         | 1KB to 1GB",
                "socket.send-buffer          | lots         | 1KB to 1GB",
                "socket.no-delay             | maybe        | true or false",
                "socket.keep-alive           | 2            | true or false",
                "access-log                  | verbose      | true or false",
                "connections.max             | 10k          | 1 to 10000000",
                "connections.max-per-address | none         | 0 to connections.max",
                "connections.ipv6-prefix-length | /64       | 1 to 128",
                "connections.max-pending     | half         | read-buffer-size to 100TB",
                "connections.idle-timeout    | a while      | 10ms to 365d, or 0",
                "connections.write-timeout   | never        | 10ms to 365d, or 0",
                "shutdown.drain-timeout      | 20 lightyears| 0 to 1d",
                "shutdown.linger-timeout     | soon         | 0 to 1d",
                "selector                    | kqueue       | auto, epoll or jdk",
                "trigger-mode                | both         | level or edge",
                "enabled                     | perhaps      | true or false",
                "address                     | 1.2.3.4.5    | an IP address of this machine",
                // In camel case.
                "readBufferSize              | 512B         | 1KB to 16MB",
            })
    void reportsThePropertyItsValueAndTheAllowedValues(
            String property, String value, String allowed, CapturedOutput output)
            throws IOException {
        try (ServerSocket busy = listenOnLoopback()) {
            String[] arguments = {
                "--echo.server.%s=%s".formatted(property, value),
                "--echo.server.port=" + busy.getLocalPort()
            };
            String report =
                    failToStart(output, Arrays.copyOf(arguments, property.equals("port") ? 1 : 2));
            String canonical = property.replace("readBufferSize", "read-buffer-size");
            String quoted = value.isEmpty() || value.contains(" ") ? "'" + value + "'" : value;
            assertThat(report)
                    .contains(
                            "The property echo.server.%s is %s (\"echo.server.%s\" from property source \"commandLineArgs\"): it must be %s"
                                    .formatted(canonical, quoted, property, allowed))
                    .containsAnyOf(
                            "Correct the value, or remove the property for the default, ",
                            "Correct the value, or remove the property.");
        }
    }

    /** Spring reads a number without a unit as milliseconds, which few people mean. */
    @ParameterizedTest(name = "{0}={1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "connections.idle-timeout | 5        | 5ms  | 10ms to 365d, or 0 to never close an"
                        + " idle connection. | Write 5s for seconds, or remove the property for"
                        + " the default, 0s.",
                "ssl.handshake-timeout    | 7        | 7ms  | 10ms to 1h. | Write 7s for seconds,"
                        + " or remove the property for the default, 10s.",
                "busy-poll                | 11       | 11ms | 0 to 10ms, where 0 sleeps at once. |"
                        + " Correct the value, or remove the property for the default, 0s.",
                "shutdown.linger-timeout  | -1       | -1ms | 0 to 1d, | Correct the value,",
                "shutdown.drain-timeout   | 90000000 | 25h  | 0 to 1d, | Correct the value,",
                "shutdown.drain-timeout   | 29000    | 29s  | at least 2 seconds less than |"
                        + " Correct the value,",
            })
    void reportsHowADurationWithoutAUnitWasRead(
            String property,
            String value,
            String read,
            String allowed,
            String remedy,
            CapturedOutput output) {
        assertThat(
                        failToStart(output, "--echo.server.%s=%s".formatted(property, value))
                                .replaceAll("\\(\"[^)]*\\)", "(@)"))
                .contains(
                        "The property echo.server.%s is %s (@): without a unit it is read as %s, but it must be %s"
                                .formatted(property, value, read, allowed),
                        remedy);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "ssl.handshake-timeout=PT2H, 2h, 10ms to 1h",
        "connections.idle-timeout=pt0.001s, 1ms, 10ms to 365d",
        "shutdown.drain-timeout=PT29S, 29s, at least 2 seconds less than",
    })
    void reportsDurationsAsPeopleWriteThem(
            String property, String value, String allowed, CapturedOutput output) {
        assertThat(
                        failToStart(output, "--echo.server." + property)
                                .replaceAll("\\(\"[^)]*\\)", "(@)"))
                .contains(" is %s (@): it must be %s".formatted(value, allowed));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "port, [0]",
        "read-buffer-size, [1]",
        "connections.max, [0]",
        "listeners.second.port, [0]",
    })
    void reportsAListForASingleValue(String property, String index, CapturedOutput output) {
        String name = "echo.server." + property;
        assertThat(failToStart(output, "--%s%s=7000".formatted(name, index)))
                .contains(
                        "The property %s is a list (\"%s%s\" from property source \"commandLineArgs\"): it must be one value."
                                .formatted(name, name, index),
                        "Write it without an index, such as %s=7000.".formatted(name));
    }

    @Test
    void reportsTheLineOfAListForASingleValue(@TempDir Path directory, CapturedOutput output)
            throws IOException {
        Path file = directory.resolve("application.yml");
        Files.writeString(file, "echo.server.port: [7000, 7001]\n");
        assertThat(failToStart(output, "--spring.config.location=" + file))
                .contains(
                        "The property echo.server.port is a list (",
                        "application.yml] - 1:20): it must be one value.",
                        "Write it without an index, such as echo.server.port=7000.");
    }

    /** Verifies that the list above contains every setting. */
    @Test
    void coversEachSetting() throws NoSuchMethodException {
        CsvSource rows =
                WrongConfigurationTest.class
                        .getDeclaredMethod(
                                "reportsThePropertyItsValueAndTheAllowedValues",
                                String.class,
                                String.class,
                                String.class,
                                CapturedOutput.class)
                        .getAnnotation(CsvSource.class);
        assertThat(
                        Arrays.stream(rows.value())
                                .map(row -> row.substring(0, row.indexOf('|')).strip()))
                .containsAll(
                        EchoServerPropertyNames.settings().stream().map(Setting::key).toList());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "prot                | Rename it if you mean echo.server.port, or remove it.",
                "connections.maximum | Rename it if you mean echo.server.connections.max, or",
                "idle-timeout        | Rename it if you mean echo.server.connections.idle-timeout,",
                "zzz                 | there are: enabled, address, port, backlog,",
            })
    void suggestsTheNearestPropertyOrAll(String unknown, String known, CapturedOutput output) {
        assertThat(failToStart(output, "--echo.server." + unknown + "=1"))
                .contains(
                        "There is no property echo.server."
                                + unknown
                                + " (\"echo.server."
                                + unknown,
                        known);
    }

    @Test
    void reportsTheLineOfTheFile(@TempDir Path directory, CapturedOutput output)
            throws IOException {
        Path file = directory.resolve("application.yml");
        Files.writeString(
                file,
                """
                echo:
                  server:
                    connections:
                      max: 0
                """);
        assertThat(failToStart(output, "--spring.config.location=" + file))
                .contains(
                        "The property echo.server.connections.max is 0 (",
                        "application.yml] - 4:12): it must be 1 to 10000000.",
                        "Correct the value, or remove the property for the default, 10000.");
    }

    /** An empty list would trust all peers, which is certainly not intended. */
    @Test
    void reportsTheLineOfAnEmptyListOfTrustedProxies(@TempDir Path directory, CapturedOutput output)
            throws IOException {
        Path file = directory.resolve("application.yml");
        Files.writeString(
                file,
                """
                echo:
                  server:
                    proxy-protocol:
                      mode: required
                      trusted: []
                """);
        assertThat(failToStart(output, "--spring.config.location=" + file))
                .contains(
                        "The property echo.server.proxy-protocol.trusted is '' (",
                        "application.yml] - 5:",
                        "): it must be IP addresses and CIDR ranges, such as 10.0.0.0/8, or unset"
                                + " to trust all peers.",
                        "Correct the value, or remove the property.");
    }

    /** A default value has no origin. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "read-buffer-size=128KB read-budget=64KB | The property echo.server.read-budget is"
                        + " 64KB (@): it must be read-buffer-size to 1GB, and read-buffer-size is"
                        + " 128KB.",
                "read-buffer-size=2MB | The property echo.server.read-budget is 1MB by default: it"
                        + " must be read-buffer-size to 1GB, and read-buffer-size is 2MB.",
                "connections.max=10 connections.max-per-address=11 | The property"
                        + " echo.server.connections.max-per-address is 11 (@): it must be 0 to"
                        + " connections.max, where 0 sets no limit, and connections.max is 10.",
                "ssl.client-auth=need | The property echo.server.ssl.client-auth is need (@): it"
                        + " has no effect unless ssl.bundle is set.",
                "proxy-protocol.trusted=10.0.0.0/8 | The property"
                        + " echo.server.proxy-protocol.trusted is 10.0.0.0/8 (@): it has no effect"
                        + " unless proxy-protocol.mode is required.",
                "proxy-protocol.trusted[0]=10.0.0.0/8 | The property"
                        + " echo.server.proxy-protocol.trusted[0] is 10.0.0.0/8 (@): it has no"
                        + " effect unless proxy-protocol.mode is required.",
                "proxy-protocol.mode=required proxy-protocol.header-timeout=10s ssl.bundle=web |"
                    + " The property echo.server.proxy-protocol.header-timeout is 10s (@): it must"
                    + " be less than ssl.handshake-timeout, which is 10s, because both times start"
                    + " at the accept.",
                "proxy-protocol.mode=required ssl.bundle=web ssl.handshake-timeout=2s | The"
                        + " property echo.server.proxy-protocol.header-timeout is 3s by default: it"
                        + " must be less than ssl.handshake-timeout, which is 2s",
                "selector=jdk trigger-mode=edge | The property echo.server.trigger-mode is edge"
                        + " (@): it must be level, because the JDK's selector has no other mode.",
            })
    void reportsContradictorySettings(String properties, String message, CapturedOutput output)
            throws IOException {
        try (ServerSocket busy = listenOnLoopback()) {
            String[] arguments =
                    Stream.concat(
                                    Stream.of("port=" + busy.getLocalPort()),
                                    Arrays.stream(properties.split(" ")))
                            .map(argument -> "--echo.server." + argument)
                            .toArray(String[]::new);
            assertThat(failToStart(output, arguments).replaceAll("\\(\"[^)]*\\)", "(@)"))
                    .contains(message);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "port=7000 listeners.b.port=7000 | The property echo.server.listeners.b.port is"
                        + " 7000 (@): it must differ from the port of the listener default,"
                        + " because the addresses of the two overlap. | default, 7777",
                "port=7000 listeners.b.port=7001 listeners.c.port=7001 | The property"
                        + " echo.server.listeners.c.port is 7001 (@): it must differ from the port"
                        + " of the listener b, because | default, 7777",
                "listeners.b.backlog=9 | The property echo.server.listeners.b.port is 7777 by"
                        + " default: it must differ from the port of the listener default,"
                        + " because |"
                        + " Set the property to an allowed value",
                "listeners.b.port=70000 | The property echo.server.listeners.b.port is 70000 (@):"
                        + " it must be 0 to 65535, where 0 takes any free port. | default, 7777",
                "listeners.b.address=x.y.z.invalid | The property echo.server.listeners.b.address"
                        + " is x.y.z.invalid (@): it must be an IP address of this machine, or"
                        + " unset to listen on all of them. | Correct the value",
                "listeners.B_2.port=0 | The name of a listener is B_2 (@): it"
                        + " must consist of lower-case letters, digits and dashes, begin with a"
                        + " letter and be at most 32 characters long. | Correct the name",
                "listeners.default.port=0 | The name of a listener is default (@): it must be"
                        + " another name, because address, port and backlog configure this"
                        + " listener. | Correct the name",
                "port=0 listeners.b.ssl.client-auth=want | The property"
                        + " echo.server.listeners.b.ssl.client-auth is want (@): it has no effect"
                        + " unless ssl.bundle is set. | for the default, none",
                "port=0 listeners.b.ssl.bundle=web | The property"
                        + " echo.server.listeners.b.ssl.bundle is web (@): it must be the name of"
                        + " an SSL bundle, but none is defined; define one below spring.ssl.bundle."
                        + " | remove the property",
                "port=0 listeners.b.proxy-protocol.mode=required"
                        + " listeners.b.proxy-protocol.header-timeout=1m listeners.b.ssl.bundle=web"
                        + " | The property echo.server.listeners.b.proxy-protocol.header-timeout is"
                        + " 1m (@): it must be less than ssl.handshake-timeout, which is 10s | for"
                        + " the default, 3s",
                "port=0 listeners.b.proxy-protocol.mode=required"
                        + " listeners.b.proxy-protocol.trusted= | The property"
                        + " echo.server.listeners.b.proxy-protocol.trusted is '' (@): it must be IP"
                        + " addresses and CIDR ranges | remove the property",
                "listeners.b.ssl.bundel=web | There is no property"
                        + " echo.server.listeners.b.ssl.bundel (@). | Rename it if you mean"
                        + " echo.server.listeners.b.ssl.bundle",
                "listeners.b=7000 | The property echo.server.listeners.b is 7000 (@): it is a"
                        + " group and has no value of its own. | remove the property",
                "listeners.b.prot=7000 | There is no property echo.server.listeners.b.prot (@). |"
                        + " Rename it if you mean echo.server.listeners.b.port, or remove it.",
            })
    void reportsAnInvalidListener(
            String properties, String message, String remedy, CapturedOutput output) {
        String[] arguments =
                Arrays.stream(properties.split(" "))
                        .map(argument -> "--echo.server." + argument)
                        .toArray(String[]::new);
        assertThat(failToStart(output, arguments).replaceAll("\\(\"[^)]*\\)", "(@)"))
                .contains(message, remedy);
    }

    @ParameterizedTest(name = "drain {0}, phase {1}")
    @CsvSource({"29s, 30s", "20s, 10s", "5s, 6s"})
    void reportsADrainTimeoutThatExceedsTheShutdownPhase(
            String drain, String phase, CapturedOutput output) {
        String report =
                failToStart(
                        output,
                        "--echo.server.shutdown.drain-timeout=" + drain,
                        "--spring.lifecycle.timeout-per-shutdown-phase=" + phase);
        assertThat(report)
                .contains(
                        "The property echo.server.shutdown.drain-timeout is " + drain + " (",
                        "it must be at least 2 seconds less than"
                                + " spring.lifecycle.timeout-per-shutdown-phase, which is "
                                + phase
                                + ".");
    }

    @Test
    void reportsAnInvalidShutdownPhase(CapturedOutput output) {
        assertThat(failToStart(output, "--spring.lifecycle.timeout-per-shutdown-phase=soon"))
                .contains("spring.lifecycle.timeout-per-shutdown-phase", "soon");
    }

    @Test
    void reportsAnInvalidValueSetByACustomizer(CapturedOutput output) {
        String report = failToStart(output, CustomizedWrongly.class, "--echo.server.backlog=100");
        assertThat(report)
                .contains(
                        "The application's code sets backlog of the echo server to 0: it must be 1"
                                + " to 1048576.")
                .doesNotContain("100 ");
    }

    /** In a file, an empty value is that of a key without a value, too. */
    @Test
    void takesAnEmptyValueForUnset(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("application.yml");
        Files.writeString(
                file,
                """
                echo.server:
                  address:
                  backlog: ""
                  trigger-mode:
                  listeners:
                  ssl:
                  read-budget: " "
                  shutdown:
                    drain-timeout:
                  connections:
                    max:
                    max-pending:
                """);
        try (var context =
                new SpringApplicationBuilder(OnlyTheServer.class)
                        .web(WebApplicationType.NONE)
                        .run(
                                "--spring.config.location=" + file,
                                "--echo.server.port=0",
                                "--echo.server.socket.send-buffer=",
                                "--echo.server.enabled=",
                                "--echo.server.selector=")) {
            EchoServerConfig config = context.getBean(EchoServerConfig.class);
            assertThat(config.listeners())
                    .containsExactly(entry("default", new ListenerConfig(null, 0, 4096)));
            assertThat(config.readBudget()).isEqualTo(1 << 20);
            assertThat(config.connections().max()).isEqualTo(10_000);
        }
    }

    /** Empty values do not hide an unknown name. */
    @ParameterizedTest
    @CsvSource({
        "prot, There is no property echo.server.prot (",
        "listeners.b.prot, There is no property echo.server.listeners.b.prot ("
    })
    void reportsAnUnknownNameWithAnEmptyValue(String name, String message, CapturedOutput output) {
        assertThat(failToStart(output, "--echo.server.port=0", "--echo.server." + name + "="))
                .contains(message);
    }

    @ParameterizedTest
    @CsvSource({
        "ehco.server.port, echo.server.port",
        "echo.port, echo.server.port",
        "echo-server.port, echo.server.port",
        "echo-sever.backlog, echo.server.backlog",
        "echoserver.event-loops, echo.server.event-loops"
    })
    void reportsANameThatOnlyLooksLikeAProperty(
            String name, String nearest, @TempDir Path directory, CapturedOutput output)
            throws IOException {
        Path file = directory.resolve("application.yml");
        Files.writeString(file, name + ": 1\n");
        assertThat(
                        catchException(
                                () ->
                                        new SpringApplicationBuilder(OnlyTheServer.class)
                                                .web(WebApplicationType.NONE)
                                                .listeners(new UnknownNames())
                                                .run("--spring.config.location=" + file)
                                                .close()))
                .isInstanceOf(UnknownNameException.class);
        assertThat(output)
                .contains(
                        "There is no property " + name + " (",
                        "application.yml] - 1:",
                        "Rename it if you mean " + nearest + ", or remove it.");
    }

    /** Without IPv6, the JDK refuses IPv6 addresses by an unchecked exception. */
    @Test
    void reportsAnAddressOfAFamilyThatTheMachineLacks() throws Exception {
        List<String> command =
                ChildJvm.command(
                        OnlyTheServer.class,
                        ChildJvm.QUICK_START,
                        "-Djava.net.preferIPv4Stack=true");
        command.addAll(
                List.of(
                        "--echo.server.address=::1",
                        "--echo.server.port=0",
                        "--echo.server.selector=jdk"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String report = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(report)
                .contains(
                        "Cannot listen on [::1]:0: Address family not supported by this machine.",
                        "Set echo.server.address to an address of this machine")
                .doesNotContain("\tat ");
        assertThat(process.waitFor()).isEqualTo(1);
    }

    @Test
    void reportsAPortInUse(CapturedOutput output) throws IOException {
        try (ServerSocket busy = listenOnLoopback()) {
            int port = busy.getLocalPort();
            assertThat(failToStart(output, "--echo.server.port=" + port))
                    .contains(
                            "Cannot listen on 127.0.0.1:%d: Address already in use".formatted(port),
                            "Stop the process that listens on port %d".formatted(port),
                            "set echo.server.port to another port, or to 0");
        }
    }

    @Test
    void reportsTheListenerOfAPortInUse(CapturedOutput output) throws IOException {
        try (ServerSocket busy = listenOnLoopback()) {
            int port = busy.getLocalPort();
            assertThat(
                            failToStart(
                                    output,
                                    "--echo.server.port=0",
                                    "--echo.server.listeners.second.address=127.0.0.1",
                                    "--echo.server.listeners.second.port=" + port))
                    .contains(
                            "Cannot listen on 127.0.0.1:%d: Address already in use".formatted(port),
                            "set echo.server.listeners.second.port to another port, or to 0");
        }
    }

    /** The address is reserved for documentation (RFC 5737), so no machine has it. */
    @Test
    void reportsAnAddressThatDoesNotBelongToThisMachine(CapturedOutput output) {
        assertThat(failToStart(output, "--echo.server.address=192.0.2.1", "--echo.server.port=0"))
                .contains("Cannot listen on 192.0.2.1:0", "Set echo.server.address to an address");
    }

    private static String failToStart(CapturedOutput output, String... arguments) {
        return failToStart(output, OnlyTheServer.class, arguments);
    }

    /** Returns the printed description and action. */
    private static String failToStart(
            CapturedOutput output, Class<?> application, String... arguments) {
        // Application contexts of other tests, and their servers, remain cached.
        Set<Thread> before = loops();
        Exception failure =
                catchException(
                        () ->
                                new SpringApplicationBuilder(application)
                                        .web(WebApplicationType.NONE)
                                        .properties("echo.server.address=127.0.0.1")
                                        .run(arguments)
                                        .close());
        assertThat(failure).as("the start fails").isNotNull();
        assertThat(output.getOut()).containsOnlyOnce(HEADLINE);
        assertThat(before).containsAll(loops());
        return output.getOut().substring(output.getOut().indexOf(HEADLINE));
    }

    private static Set<Thread> loops() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("echo-server"))
                .collect(Collectors.toSet());
    }

    private static ServerSocket listenOnLoopback() throws IOException {
        return new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({EchoServerAutoConfiguration.class, LifecycleAutoConfiguration.class})
    static class OnlyTheServer {

        static void main(String[] args) {
            new SpringApplicationBuilder(OnlyTheServer.class)
                    .web(WebApplicationType.NONE)
                    .run(args);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class CustomizedWrongly extends OnlyTheServer {

        @Bean
        EchoServerConfigCustomizer wrong() {
            return config -> config.backlog(0);
        }
    }
}
