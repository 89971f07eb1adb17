package io.epollecho.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.entry;

import com.jayway.jsonpath.JsonPath;

import io.epollecho.server.ClientAuth;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.Greeting;
import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.ProxyProtocolConfig;
import io.epollecho.server.SelectorBackend;
import io.epollecho.server.Setting;
import io.epollecho.server.SettingRange;
import io.epollecho.server.TlsConfig;
import io.epollecho.stream.AddressRange;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import javax.net.ssl.SSLEngine;

class EchoServerPropertiesTest {

    private static final Supplier<SSLEngine> ENGINES_OF_WEB = EchoServerPropertiesTest::noEngine;

    private static final EchoServerProperties.Engines ENGINES =
            (property, bundle, asksClients) -> {
                assertThat(bundle).isEqualTo("web");
                return ENGINES_OF_WEB;
            };

    private static SSLEngine noEngine() {
        throw new UnsupportedOperationException();
    }

    @Test
    void appliesDefaultsWithoutProperties() {
        EchoServerProperties properties = bind(Map.of());
        assertThat(properties.enabled()).isTrue();
        assertThat(properties.toConfig(ENGINES).build()).isEqualTo(EchoServerConfig.defaults());
    }

    @Test
    void appliesEachProperty() throws IOException {
        var values =
                Map.<Setting<?>, String>ofEntries(
                        Map.entry(Setting.ADDRESS, "127.0.0.9"),
                        Map.entry(Setting.PORT, "1111"),
                        Map.entry(Setting.BACKLOG, "222"),
                        Map.entry(Setting.PROXY_PROTOCOL_MODE, "required"),
                        Map.entry(Setting.PROXY_PROTOCOL_TRUSTED, "10.0.0.0/8,fd00::1"),
                        Map.entry(Setting.HEADER_TIMEOUT, "14s"),
                        Map.entry(EchoServerPropertyNames.SSL_BUNDLE, "web"),
                        Map.entry(Setting.CLIENT_AUTH, "want"),
                        Map.entry(Setting.HANDSHAKE_TIMEOUT, "15s"),
                        Map.entry(Setting.GREETING, "identity"),
                        Map.entry(Setting.WORKER_THREADS, "16"),
                        Map.entry(Setting.SELECTOR, "jdk"),
                        Map.entry(Setting.TRIGGER_MODE, "level"),
                        Map.entry(Setting.EVENT_LOOPS, "3"),
                        Map.entry(Setting.BUSY_POLL, "50us"),
                        Map.entry(Setting.READ_BUFFER_SIZE, "4KB"),
                        Map.entry(Setting.READ_BUDGET, "5MB"),
                        Map.entry(Setting.RECEIVE_BUFFER, "6KB"),
                        Map.entry(Setting.SEND_BUFFER, "7KB"),
                        Map.entry(Setting.NO_DELAY, "false"),
                        Map.entry(Setting.KEEP_ALIVE, "false"),
                        Map.entry(Setting.MAX_CONNECTIONS, "8888"),
                        Map.entry(Setting.MAX_CONNECTIONS_PER_ADDRESS, "99"),
                        Map.entry(Setting.IPV6_PREFIX_LENGTH, "48"),
                        Map.entry(Setting.MAX_PENDING, "9GB"),
                        Map.entry(Setting.IDLE_TIMEOUT, "10m"),
                        Map.entry(Setting.WRITE_TIMEOUT, "11s"),
                        Map.entry(Setting.DRAIN_TIMEOUT, "1200ms"),
                        Map.entry(Setting.LINGER_TIMEOUT, "13s"),
                        Map.entry(Setting.ACCESS_LOG, "on"));
        assertThat(values.keySet()).containsAll(Setting.all());
        assertThat(bind(values).toConfig(ENGINES).build())
                .isEqualTo(
                        EchoServerConfig.builder()
                                .selector(SelectorBackend.jdk())
                                .address(InetAddress.ofLiteral("127.0.0.9"))
                                .port(1111)
                                .backlog(222)
                                .proxyProtocol(
                                        new ProxyProtocolConfig(
                                                List.of(
                                                        AddressRange.of("10.0.0.0/8"),
                                                        AddressRange.of("fd00::1")),
                                                Duration.ofSeconds(14)))
                                .tls(
                                        new TlsConfig(
                                                ENGINES_OF_WEB,
                                                ClientAuth.WANT,
                                                Duration.ofSeconds(15)))
                                .greeting(Greeting.IDENTITY)
                                .workerThreads(16)
                                .eventLoops(3)
                                .busyPoll(Duration.ofNanos(50_000))
                                .readBufferSize(4 * 1024)
                                .readBudget(5 * 1024 * 1024)
                                .receiveBuffer(6 * 1024)
                                .sendBuffer(7 * 1024)
                                .noDelay(false)
                                .keepAlive(false)
                                .maxConnections(8888)
                                .maxConnectionsPerAddress(99)
                                .ipv6PrefixLength(48)
                                .maxPending(9L << 30)
                                .idleTimeout(Duration.ofMinutes(10))
                                .writeTimeout(Duration.ofSeconds(11))
                                .drainTimeout(Duration.ofMillis(1200))
                                .lingerTimeout(Duration.ofSeconds(13))
                                .accessLog(true)
                                .build());
    }

    @Test
    void appliesThePropertiesOfEachListener() {
        var source = new MapConfigurationPropertySource();
        source.put("echo.server.port", "7000");
        source.put("echo.server.listeners.second.port", "7001");
        source.put("echo.server.listeners.second.backlog", "10");
        source.put("echo.server.listeners.on-loopback.address", "127.0.0.1");
        source.put("echo.server.listeners.layered.port", "7002");
        source.put("echo.server.listeners.layered.proxy-protocol.mode", "required");
        source.put("echo.server.listeners.layered.proxy-protocol.trusted[0]", "10.0.0.0/8");
        source.put("echo.server.listeners.layered.ssl.bundle", "web");
        source.put("echo.server.listeners.layered.greeting", "identity");
        EchoServerProperties properties =
                new Binder(source).bindOrCreate("echo.server", EchoServerProperties.class);
        assertThat(properties.toConfig(ENGINES).build().listeners())
                .containsOnly(
                        entry("default", new ListenerConfig(null, 7000, 4096)),
                        entry("second", new ListenerConfig(null, 7001, 10)),
                        entry(
                                "layered",
                                new ListenerConfig(
                                        null,
                                        7002,
                                        4096,
                                        new ProxyProtocolConfig(
                                                List.of(AddressRange.of("10.0.0.0/8")),
                                                Duration.ofSeconds(3)),
                                        new TlsConfig(
                                                ENGINES_OF_WEB,
                                                ClientAuth.NONE,
                                                Duration.ofSeconds(10)),
                                        Greeting.IDENTITY)),
                        entry(
                                "on-loopback",
                                new ListenerConfig(
                                        InetAddress.ofLiteral("127.0.0.1"), 7777, 4096)));
    }

    @Test
    void acceptsListenersFromEnvironmentVariables() {
        var environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .replace(
                        "systemEnvironment",
                        new SystemEnvironmentPropertySource(
                                "systemEnvironment",
                                Map.of(
                                        "ECHO_SERVER_LISTENERS_SECOND_PORT", "7001",
                                        "ECHO_SERVER_LISTENERS_THIRD_BACKLOG", "3",
                                        "ECHO_SERVER_LISTENERS_THIRD_PORT", "7002")));
        EchoServerProperties properties =
                Binder.get(environment).bindOrCreate("echo.server", EchoServerProperties.class);
        assertThat(properties.toConfig(ENGINES).build().listeners())
                .containsEntry("second", new ListenerConfig(null, 7001, 4096))
                .containsEntry("third", new ListenerConfig(null, 7002, 3));
    }

    @ParameterizedTest
    @MethodSource("io.epollecho.server.SettingRange#all")
    void acceptsTheEndsOfARange(SettingRange range) {
        for (String end : List.of(range.lowest(), range.highest())) {
            assertThatCode(() -> configure(range.setting(), end))
                    .as("%s", end)
                    .doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @MethodSource("io.epollecho.server.SettingRange#all")
    void refusesValuesBeyondARange(SettingRange range) {
        for (String value : List.of(range.below(), range.above())) {
            assertThatExceptionOfType(InvalidSettingException.class)
                    .as("%s", value)
                    .isThrownBy(() -> configure(range.setting(), value))
                    .satisfies(e -> assertThat(e.key()).isEqualTo(range.setting().key()))
                    .withMessageContaining(": it must be " + range.setting().allowed());
        }
    }

    private static EchoServerConfig configure(Setting<?> setting, String value) {
        var values = new HashMap<Setting<?>, String>();
        values.put(Setting.READ_BUDGET, "1GB"); // for each read-buffer-size
        if (setting == Setting.HEADER_TIMEOUT) {
            values.put(Setting.PROXY_PROTOCOL_MODE, "required");
        } else if (setting == Setting.HANDSHAKE_TIMEOUT) {
            values.put(EchoServerPropertyNames.SSL_BUNDLE, "web");
        }
        values.put(setting, value);
        return bind(values).toConfig(ENGINES).build();
    }

    @ParameterizedTest
    @MethodSource("io.epollecho.server.Setting#all")
    void hasMetadataForEachSetting(Setting<?> setting) throws IOException {
        assertDescribed(setting.key());
        List<Object> defaults = metadata(property(setting.key()) + ".defaultValue");
        if (setting.defaultText() == null) {
            assertThat(defaults).isEmpty();
        } else {
            assertThat(defaults).singleElement().asString().isEqualTo(setting.defaultText());
        }
    }

    @Test
    void hasNoMetadataForUnknownProperties() throws IOException {
        assertDescribed("enabled");
        assertDescribed("listeners");
        assertDescribed("ssl.bundle");
        assertThat(metadata("$.properties[?(@.name =~ /echo\\.server\\..*/)].name"))
                .hasSize(Setting.all().size() + 3);
    }

    @ParameterizedTest
    @CsvSource({"selector, auto epoll jdk", "trigger-mode, edge level", "listeners.keys, second"})
    void hasHintsForTheAllowedValues(String key, String choices) throws IOException {
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

    /** Reads the metadata of this project, rather than of any other jar on the class path. */
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

    private static EchoServerProperties bind(Map<Setting<?>, String> values) {
        var source = new MapConfigurationPropertySource();
        values.forEach((setting, value) -> source.put("echo.server." + setting.key(), value));
        return new Binder(source).bindOrCreate("echo.server", EchoServerProperties.class);
    }
}
