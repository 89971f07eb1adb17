package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchException;

import io.epollecho.Alone;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.ProxyProtocolConfig;
import io.epollecho.stream.AddressRange;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tests of applications with environment variables that begin with ECHO_SERVER_. */
@ExtendWith(OutputCaptureExtension.class)
@Alone("captures the standard output")
class EchoServerVariablesTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ECHO_SERVER_PROT           | Rename it if you mean ECHO_SERVER_PORT, or unset it.",
                "ECHO_SERVER_READ_BUFER_SIZE | Rename it if you mean ECHO_SERVER_READ_BUFFER_SIZE,",
                "ECHO_SERVER_READBUFFERSIZ  | Rename it if you mean ECHO_SERVER_READBUFFERSIZE,",
                "ECHO_SERVER_MAX            | such as ECHO_SERVER_PORT, or unset it.",
                "ECHO_SERVER_LISTENERS_TLS_PROT | mean ECHO_SERVER_LISTENERS_TLS_PORT,",
                "ECHO_SERVER_LISTENERS_MY_TLS_PORT | mean ECHO_SERVER_LISTENERS_MYTLS_PORT,",
                "echo_server_prot           | Rename it if you mean ECHO_SERVER_PORT, or unset it.",
                "ECHO_SEVER_PORT            | Rename it if you mean ECHO_SERVER_PORT, or unset it.",
                "EHCO_SERVER_BACKLOG        | Rename it if you mean ECHO_SERVER_BACKLOG,",
                "ECHOSERVER_PORT            | Rename it if you mean ECHO_SERVER_PORT, or unset it.",
                "ECHO_SERVER_PORT_0         | such as ECHO_SERVER_PORT, or unset it.",
                "Echo_Server_Read_Budget    | Rename it if you mean ECHO_SERVER_READ_BUDGET,",
            })
    void rejectsAnUnknownVariable(String variable, String remedy, CapturedOutput output) {
        assertThatExceptionOfType(UnknownNameException.class)
                .isThrownBy(
                        () ->
                                application(Map.of(variable, "7000"))
                                        .listeners(new UnknownNames())
                                        .run()
                                        .close())
                .satisfies(e -> assertThat(e.getExitCode()).isEqualTo(2));
        assertThat(output)
                .contains(
                        "There is no property of the echo server for the environment variable "
                                + variable
                                + ".",
                        remedy)
                .doesNotContain("\tat ");
    }

    /** In a host, the variable may belong to something else. */
    @ParameterizedTest
    @CsvSource({
        "ECHO_SERVER_URL, such as ECHO_SERVER_PORT",
        "ECHO_SERVER_PROT, Rename it if you mean ECHO_SERVER_PORT"
    })
    void warnsOfAnUnknownVariableInAHost(String variable, String remedy, CapturedOutput output) {
        try (var context = start(Map.of(variable, "http://echo.example"))) {
            assertThat(context.getBean(EchoServer.class).state())
                    .isEqualTo(EchoServerState.RUNNING);
            assertThat(context.getEnvironment().getProperty(variable))
                    .isEqualTo("http://echo.example");
        }
        assertThat(output)
                .containsOnlyOnce("The environment variable " + variable + " is none of")
                .contains(remedy);
    }

    @Test
    void saysNothingInAHostWithoutAServer(CapturedOutput output) {
        start(Map.of("ECHO_SERVER_URL", "x", "ECHO_SERVER_ENABLED", "false")).close();
        assertThat(output).doesNotContain("ECHO_SERVER_URL");
    }

    @Test
    void acceptsTheElementsOfAListAndLowerCase() {
        var variables =
                Map.of(
                        "ECHO_SERVER_PROXYPROTOCOL_MODE", "required",
                        "ECHO_SERVER_LISTENERS_B_PROXY_PROTOCOL_MODE", "required",
                        "ECHO_SERVER_LISTENERS_B_PROXY_PROTOCOL_TRUSTED_0", "10.0.0.0/8",
                        "ECHO_SERVER_LISTENERS_B_PORT", "0",
                        "ECHO_SERVER_PROXYPROTOCOL_TRUSTED_0", "10.0.0.0/8",
                        "ECHO_SERVER_PROXYPROTOCOL_TRUSTED_1", "127.0.0.1",
                        "echo_server_backlog", "7",
                        "Echo_Server_ReadBudget", "3MB");
        try (var context = application(variables).listeners(new UnknownNames()).run()) {
            EchoServerConfig config = context.getBean(EchoServerConfig.class);
            ListenerConfig listener = config.listener("default");
            assertThat(listener.backlog()).isEqualTo(7);
            assertThat(config.listener("b").proxyProtocol())
                    .extracting(ProxyProtocolConfig::trusted)
                    .isEqualTo(List.of(AddressRange.of("10.0.0.0/8")));
            assertThat(config.readBudget()).isEqualTo(3 << 20);
            assertThat(listener.proxyProtocol())
                    .extracting(ProxyProtocolConfig::trusted)
                    .isEqualTo(
                            List.of(AddressRange.of("10.0.0.0/8"), AddressRange.of("127.0.0.1")));
        }
    }

    /** A variable has no dashes. */
    @Test
    void configuresAListenerWhoseNameHasADash() {
        try (var context =
                application(Map.of("ECHO_SERVER_LISTENERS_MYLISTENER_BACKLOG", "6"))
                        .run("--echo.server.listeners.my-listener.port=0")) {
            assertThat(context.getBean(EchoServerConfig.class).listeners())
                    .containsOnlyKeys("default", "my-listener")
                    .containsEntry("my-listener", new ListenerConfig(null, 0, 6));
        }
    }

    /** The application may use the service itself. */
    @Test
    void leavesServiceLinksToTheApplication() {
        var variables =
                Map.of("ECHO_SERVER_PORT", "tcp://10.0.0.1:7777", "ECHO_SERVER_SERVICE_PORT", "1");
        try (var context = start(variables)) {
            variables.forEach(
                    (name, value) ->
                            assertThat(context.getEnvironment().getProperty(name))
                                    .isEqualTo(value));
        }
    }

    @Test
    void acceptsBothSpellingsAndListeners() {
        var variables =
                Map.of(
                        "ECHO_SERVER_READBUFFERSIZE", "2KB",
                        "ECHO_SERVER_READ_BUDGET", "3KB",
                        "ECHO_SERVER_CONNECTIONS_MAX_PER_ADDRESS", "4",
                        "ECHO_SERVER_CONNECTIONS_WRITETIMEOUT", "5s",
                        "ECHO_SERVER_LISTENERS_SECOND_PORT", "0",
                        "ECHO_SERVER_LISTENERS_SECOND_BACKLOG", "6");
        try (ConfigurableApplicationContext context = start(variables)) {
            EchoServerConfig config = context.getBean(EchoServerConfig.class);
            assertThat(config.readBufferSize()).isEqualTo(2048);
            assertThat(config.readBudget()).isEqualTo(3072);
            assertThat(config.connections().maxPerAddress()).isEqualTo(4);
            assertThat(config.connections().writeTimeout()).hasSeconds(5);
            assertThat(config.listeners()).containsEntry("second", new ListenerConfig(null, 0, 6));
        }
    }

    @Test
    void reportsTheOriginOfAnInvalidValue(CapturedOutput output) {
        assertThat(catchException(() -> start(Map.of("ECHO_SERVER_BACKLOG", "0")).close()))
                .isNotNull();
        assertThat(output)
                .contains(
                        "The property echo.server.backlog is 0 (System Environment Property"
                                + " \"ECHO_SERVER_BACKLOG\"): it must be 1 to 1048576.");
    }

    /** The variables of services named echo-server and echo-server-metrics. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ECHO_SERVER_SERVICE_HOST=10.0.0.1",
                "ECHO_SERVER_SERVICE_PORT=7777",
                "ECHO_SERVER_SERVICE_PORT_ECHO=7777",
                "ECHO_SERVER_PORT=tcp://10.0.0.1:7777",
                "ECHO_SERVER_PORT=udp://10.0.0.1:7777",
                "ECHO_SERVER_PORT_7777_TCP=tcp://10.0.0.1:7777",
                "ECHO_SERVER_PORT_7777_TCP_PROTO=tcp",
                "ECHO_SERVER_PORT_7777_TCP_PORT=7777",
                "ECHO_SERVER_PORT_7777_TCP_ADDR=10.0.0.1",
                "ECHO_SERVER_METRICS_SERVICE_HOST=10.0.0.2",
                "ECHO_SERVER_METRICS_PORT=tcp://10.0.0.2:8080",
                "ECHO_SERVER_METRICS_PORT_8080_TCP_ADDR=10.0.0.2",
            })
    void ignoresTheServiceLinksOfKubernetes(String variable, CapturedOutput output) {
        int equals = variable.indexOf('=');
        String name = variable.substring(0, equals);
        try (var context =
                start(Map.of(name, variable.substring(equals + 1), "ECHO_SERVER_BACKLOG", "9"))) {
            assertThat(context.getBean(EchoServerConfig.class).listeners())
                    .containsEntry("default", new ListenerConfig(null, 0, 9));
        }
        assertThat(output.getOut().contains("Ignoring " + variable + ", the address of a"))
                .isEqualTo(name.equals("ECHO_SERVER_PORT"));
    }

    @Test
    void ignoresOtherVariables() {
        start(Map.of("ECHO_SERVE", "1", "ECHO_CLIENT_PROT", "1", "MY_ECHO_SERVER_X", "1")).close();
    }

    /** Runs an application on port 0, unless the variables set another port. */
    private static ConfigurableApplicationContext start(Map<String, String> variables) {
        return application(variables).run();
    }

    private static SpringApplicationBuilder application(Map<String, String> variables) {
        var environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .replace(
                        "systemEnvironment",
                        new SystemEnvironmentPropertySource(
                                "systemEnvironment", new HashMap<>(variables)));
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .environment(environment)
                .properties("echo.server.port=0");
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(EchoServerAutoConfiguration.class)
    static class Application {}
}
