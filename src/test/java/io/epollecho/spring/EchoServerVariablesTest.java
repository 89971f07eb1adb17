package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchException;

import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.ListenerConfig;

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
import java.util.Map;

/** Tests of applications with environment variables that begin with ECHO_SERVER_. */
@ExtendWith(OutputCaptureExtension.class)
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
            })
    void rejectsAnUnknownVariable(String variable, String remedy, CapturedOutput output) {
        assertThatExceptionOfType(UnknownVariableException.class)
                .isThrownBy(() -> start(Map.of(variable, "7000")).close())
                .satisfies(e -> assertThat(e.getExitCode()).isEqualTo(2));
        assertThat(output)
                .contains(
                        "There is no property of the echo server for the environment variable "
                                + variable
                                + ".",
                        remedy)
                .doesNotContain("\tat ");
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
                .properties("echo.server.port=0")
                .run();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(EchoServerAutoConfiguration.class)
    static class Application {}
}
