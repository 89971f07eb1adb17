package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
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
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a person is told who starts an application with a wrong configuration. */
@ExtendWith(OutputCaptureExtension.class)
class WrongConfigurationTest {

    private static final String HEADLINE = "APPLICATION FAILED TO START";

    /**
     * The port is in use all the while, and whoever tried to open it would complain of that and not
     * of the property.
     */
    @ParameterizedTest(name = "{0}={1}")
    @CsvSource(
            delimiter = '|',
            value = {
                // out of range, low and high
                "port                        | -1           | 0 to 65535",
                "port                        | 65536        | 0 to 65535",
                "backlog                     | 0            | 1 to 1048576",
                "backlog                     | 1048577      | 1 to 1048576",
                "event-loops                 | 0            | 1 to 256",
                "event-loops                 | 257          | 1 to 256",
                "read-buffer-size            | 1023B        | 1KB to 16MB",
                "read-buffer-size            | 17MB         | 1KB to 16MB",
                "read-buffer-size            | 5GB          | 1KB to 16MB",
                "read-buffer-size            | -64KB        | 1KB to 16MB",
                "read-budget                 | 0            | read-buffer-size to 1GB",
                "read-budget                 | 1025MB       | read-buffer-size to 1GB",
                "socket.receive-buffer       | 1000B        | 1KB to 1GB",
                "socket.receive-buffer       | 2GB          | 1KB to 1GB",
                "socket.send-buffer          | 1            | 1KB to 1GB",
                "socket.send-buffer          | 1TB          | 1KB to 1GB",
                "connections.max             | 0            | 1 to 10000000",
                "connections.max             | 10000001     | 1 to 10000000",
                "connections.max-per-address | -1           | 0 to connections.max",
                "connections.idle-timeout    | 9ms          | 10ms to 365d, or 0",
                "connections.idle-timeout    | 366d         | 10ms to 365d, or 0",
                "connections.write-timeout   | -1s          | 10ms to 365d, or 0",
                "connections.write-timeout   | 375d         | 10ms to 365d, or 0",
                "shutdown.drain-timeout      | -1ms         | 0 to 1d",
                // of the wrong type
                "port                        | http         | 0 to 65535",
                "port                        | 99999999999  | 0 to 65535",
                "event-loops                 | 1.5          | 1 to 256",
                "read-buffer-size            | 64 potatoes  | 1KB to 16MB",
                "socket.send-buffer          | lots         | 1KB to 1GB",
                "connections.idle-timeout    | a while      | 10ms to 365d, or 0",
                "shutdown.drain-timeout      | 20 lightyears| 0 to 1d",
                "selector                    | kqueue       | auto, epoll or jdk",
                "trigger-mode                | both         | level or edge",
                "socket.no-delay             | maybe        | true or false",
                "socket.keep-alive           | 2            | true or false",
                "enabled                     | perhaps      | true or false",
                "address                     | 1.2.3.4.5    | an IP address of this machine",
                // spelled as the environment or Java would
                "readBufferSize              | 512B         | 1KB to 16MB",
                // no such thing
                "prot                        | 7777         | address, port, backlog",
                "connections.maximum         | 5            | connections.max",
                "timeout                     | 5s           | shutdown.drain-timeout",
            })
    void isToldThePropertyItsValueAndWhatIsAllowed(
            String property, String value, String allowed, CapturedOutput output)
            throws IOException {
        try (ServerSocket busy = listenOnLoopback()) {
            String[] arguments = {
                "--echo.server.%s=%s".formatted(property, value),
                "--echo.server.port=" + busy.getLocalPort()
            };
            String told =
                    failToStart(output, Arrays.copyOf(arguments, property.equals("port") ? 1 : 2));
            String canonical = property.replace("readBufferSize", "read-buffer-size");
            assertThat(told).contains("echo.server." + canonical, "'" + value + "'", allowed);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "read-buffer-size=128KB read-budget=64KB | read-budget | read-buffer-size to 1GB",
                "connections.max=10 connections.max-per-address=11 | connections.max-per-address |"
                        + " 0 to connections.max",
                "selector=jdk trigger-mode=edge | trigger-mode | it must be level",
            })
    void isToldOfSettingsThatContradictEachOther(
            String properties, String culprit, String remedy, CapturedOutput output)
            throws IOException {
        try (ServerSocket busy = listenOnLoopback()) {
            String[] arguments =
                    Stream.concat(
                                    Stream.of("port=" + busy.getLocalPort()),
                                    Arrays.stream(properties.split(" ")))
                            .map(argument -> "--echo.server." + argument)
                            .toArray(String[]::new);
            assertThat(failToStart(output, arguments)).contains("echo.server." + culprit, remedy);
        }
    }

    @ParameterizedTest(name = "drain {0}, phase {1}")
    @CsvSource({"29s, 30s", "20s, 10s", "5s, 6s"})
    void isToldOfADrainThatSpringWouldNotWaitFor(
            String drain, String phase, CapturedOutput output) {
        String told =
                failToStart(
                        output,
                        "--echo.server.shutdown.drain-timeout=" + drain,
                        "--spring.lifecycle.timeout-per-shutdown-phase=" + phase);
        assertThat(told)
                .contains(
                        "echo.server.shutdown.drain-timeout",
                        "'" + drain + "'",
                        "spring.lifecycle.timeout-per-shutdown-phase",
                        "at least 2 seconds longer");
    }

    @Test
    void isToldOfAShutdownPhaseThatIsNoDuration(CapturedOutput output) {
        assertThat(failToStart(output, "--spring.lifecycle.timeout-per-shutdown-phase=soon"))
                .contains("spring.lifecycle.timeout-per-shutdown-phase", "soon");
    }

    @Test
    void isToldTheValueThatACustomizerSet(CapturedOutput output) {
        String told = failToStart(output, CustomizedWrongly.class, "--echo.server.backlog=100");
        assertThat(told).contains("echo.server.backlog", "'0'", "1 to 1048576");
        assertThat(told).doesNotContain("'100'");
    }

    @Test
    void isToldThePortThatIsInUse(CapturedOutput output) throws IOException {
        try (ServerSocket busy = listenOnLoopback()) {
            int port = busy.getLocalPort();
            assertThat(failToStart(output, "--echo.server.port=" + port))
                    .contains(
                            "Cannot listen on 127.0.0.1:%d: Address already in use".formatted(port),
                            "Stop the process that listens on port %d".formatted(port),
                            "set echo.server.port to another port, or to 0");
        }
    }

    /** The address is reserved for documentation (RFC 5737), so no machine has it. */
    @Test
    void isToldTheAddressThatIsNotOfThisMachine(CapturedOutput output) {
        assertThat(failToStart(output, "--echo.server.address=192.0.2.1", "--echo.server.port=0"))
                .contains("Cannot listen on 192.0.2.1:0", "Set echo.server.address to an address");
    }

    private static String failToStart(CapturedOutput output, String... arguments) {
        return failToStart(output, OnlyTheServer.class, arguments);
    }

    /** Returns description and action, as printed. */
    private static String failToStart(
            CapturedOutput output, Class<?> application, String... arguments) {
        // Other tests leave their application contexts, and so their servers, for the next test.
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
    static class OnlyTheServer {}

    @Configuration(proxyBeanMethods = false)
    static class CustomizedWrongly extends OnlyTheServer {

        @Bean
        EchoServerConfigCustomizer wrong() {
            return config -> config.backlog(0);
        }
    }
}
