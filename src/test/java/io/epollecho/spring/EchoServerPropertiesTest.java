package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.jayway.jsonpath.JsonPath;

import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.Setting;
import io.epollecho.server.Transport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

class EchoServerPropertiesTest {

    @Test
    void withoutAnyPropertyTheDefaultsHold() {
        EchoServerProperties properties = bind(Map.of());
        assertThat(properties.enabled()).isTrue();
        assertThat(properties.toConfig().transport(Transport.jdk()).build())
                .isEqualTo(EchoServerConfig.defaults());
    }

    @Test
    void eachPropertyArrivesWhereItBelongs() throws IOException {
        var values =
                Map.ofEntries(
                        Map.entry(Setting.ADDRESS, "127.0.0.9"),
                        Map.entry(Setting.PORT, "1111"),
                        Map.entry(Setting.BACKLOG, "222"),
                        Map.entry(Setting.SELECTOR, "jdk"),
                        Map.entry(Setting.TRIGGER_MODE, "level"),
                        Map.entry(Setting.EVENT_LOOPS, "3"),
                        Map.entry(Setting.READ_BUFFER_SIZE, "4KB"),
                        Map.entry(Setting.READ_BUDGET, "5MB"),
                        Map.entry(Setting.RECEIVE_BUFFER, "6KB"),
                        Map.entry(Setting.SEND_BUFFER, "7KB"),
                        Map.entry(Setting.NO_DELAY, "false"),
                        Map.entry(Setting.KEEP_ALIVE, "false"),
                        Map.entry(Setting.MAX_CONNECTIONS, "8888"),
                        Map.entry(Setting.MAX_CONNECTIONS_PER_ADDRESS, "99"),
                        Map.entry(Setting.IDLE_TIMEOUT, "10m"),
                        Map.entry(Setting.WRITE_TIMEOUT, "11s"),
                        Map.entry(Setting.DRAIN_TIMEOUT, "1200ms"));
        assertThat(values).containsOnlyKeys(Setting.values());
        assertThat(bind(values).toConfig().build())
                .isEqualTo(
                        EchoServerConfig.builder()
                                .transport(Transport.jdk())
                                .address(InetAddress.ofLiteral("127.0.0.9"))
                                .port(1111)
                                .backlog(222)
                                .eventLoops(3)
                                .readBufferSize(4 * 1024)
                                .readBudget(5 * 1024 * 1024)
                                .receiveBuffer(6 * 1024)
                                .sendBuffer(7 * 1024)
                                .noDelay(false)
                                .keepAlive(false)
                                .maxConnections(8888)
                                .maxConnectionsPerAddress(99)
                                .idleTimeout(Duration.ofMinutes(10))
                                .writeTimeout(Duration.ofSeconds(11))
                                .drainTimeout(Duration.ofMillis(1200))
                                .build());
    }

    /**
     * The bounds themselves are allowed; what lies beyond is the matter of WrongConfigurationTest.
     */
    @ParameterizedTest
    @CsvSource({
        "PORT, 0",
        "PORT, 65535",
        "BACKLOG, 1",
        "BACKLOG, 1048576",
        "EVENT_LOOPS, 1",
        "EVENT_LOOPS, 256",
        "READ_BUFFER_SIZE, 1KB",
        "READ_BUDGET, 64KB",
        "READ_BUDGET, 1GB",
        "RECEIVE_BUFFER, 1KB",
        "RECEIVE_BUFFER, 1GB",
        "SEND_BUFFER, 1KB",
        "SEND_BUFFER, 1GB",
        "MAX_CONNECTIONS, 1",
        "MAX_CONNECTIONS, 10000000",
        "MAX_CONNECTIONS_PER_ADDRESS, 10000",
        "IDLE_TIMEOUT, 10ms",
        "IDLE_TIMEOUT, 365d",
        "WRITE_TIMEOUT, 0",
        "WRITE_TIMEOUT, 10ms",
        "DRAIN_TIMEOUT, 0",
        "DRAIN_TIMEOUT, 1d",
    })
    void takesTheBoundsOfEachRange(Setting setting, String bound) {
        assertThatCode(() -> bind(Map.of(setting, bound)).toConfig().build())
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @EnumSource
    void isDescribedForEditors(Setting setting) throws IOException {
        assertDescribed(setting.key());
        boolean leftToTheSystemIfNotSet =
                List.of(
                                Setting.ADDRESS,
                                Setting.TRIGGER_MODE,
                                Setting.RECEIVE_BUFFER,
                                Setting.SEND_BUFFER)
                        .contains(setting);
        assertThat(metadata(property(setting.key()) + ".defaultValue"))
                .hasSize(leftToTheSystemIfNotSet ? 0 : 1);
    }

    @Test
    void describesNothingThatDoesNotExist() throws IOException {
        assertDescribed("enabled");
        assertThat(metadata("$.properties[?(@.name =~ /echo\\.server\\..*/)].name"))
                .hasSize(Setting.values().length + 1);
    }

    @ParameterizedTest
    @CsvSource({"selector, auto epoll jdk", "trigger-mode, edge level"})
    void hintsAtTheChoices(String key, String choices) throws IOException {
        assertThat(
                        metadata(
                                "$.hints[?(@.name == 'echo.server.%s')].values[*].value"
                                        .formatted(key)))
                .containsExactlyInAnyOrder((Object[]) choices.split(" "));
    }

    private static void assertDescribed(String key) throws IOException {
        assertThat(metadata(property(key) + ".description"))
                .singleElement()
                .asString()
                .endsWith(".")
                .hasSizeGreaterThan(10);
    }

    private static String property(String key) {
        return "$.properties[?(@.name == 'echo.server.%s')]".formatted(key);
    }

    /** The metadata of this project, of the many on the class path. */
    private static List<Object> metadata(String path) throws IOException {
        String classes =
                EchoServerProperties.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toString();
        try (var in =
                URI.create(classes + "META-INF/spring-configuration-metadata.json")
                        .toURL()
                        .openStream()) {
            return JsonPath.read(new String(in.readAllBytes(), StandardCharsets.UTF_8), path);
        }
    }

    private static EchoServerProperties bind(Map<Setting, String> values) {
        var source = new MapConfigurationPropertySource();
        values.forEach((setting, value) -> source.put("echo.server." + setting.key(), value));
        return new Binder(source).bindOrCreate("echo.server", EchoServerProperties.class);
    }
}
