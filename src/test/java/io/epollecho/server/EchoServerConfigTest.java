package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.entry;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import static java.time.Duration.ofMillis;

import io.epollecho.stream.AddressRange;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.reflect.Field;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.stream.Stream;

class EchoServerConfigTest {

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;
    private static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);

    static Stream<Arguments> contradictions() {
        return Stream.of(
                arguments(
                        EchoServerConfig.builder().readBufferSize(2 * MIB),
                        "read-budget is 1MB: it must be read-buffer-size to 1GB, and"
                                + " read-buffer-size is 2MB"),
                arguments(
                        EchoServerConfig.builder().readBufferSize(MIB).maxPending(100L * KIB),
                        "connections.max-pending is 100KB: it must be read-buffer-size to 100TB,"
                                + " or unset to use up to a quarter of the maximum heap, and"
                                + " read-buffer-size is 1MB"),
                arguments(
                        EchoServerConfig.builder().maxConnections(10).maxConnectionsPerAddress(11),
                        "connections.max-per-address is 11: it must be 0 to connections.max,"
                                + " where 0 sets no limit, and connections.max is 10"));
    }

    @ParameterizedTest
    @MethodSource("contradictions")
    void rejectsContradictionsQuotingBothValues(EchoServerConfig.Builder builder, String message) {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(builder::build)
                .withMessage(message);
    }

    @Test
    void formatsValuesWithUnits() {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> EchoServerConfig.builder().idleTimeout(ofMillis(9)).build())
                .withMessage(
                        "connections.idle-timeout is 9ms: it must be 10ms to 365d, or 0 to never"
                                + " close an idle connection");
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> EchoServerConfig.builder().sendBuffer(0).build())
                .withMessageStartingWith("socket.send-buffer is 0: ");
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> EchoServerConfig.builder().drainTimeout(FOREVER).build())
                .withMessageStartingWith("shutdown.drain-timeout is 106751991167300d: ");
    }

    @Test
    void defaults() {
        EchoServerConfig config = EchoServerConfig.defaults();
        assertThat(config).isEqualTo(EchoServerConfig.builder().build());
        assertThat(config.selector()).isEqualTo(SelectorBackend.epoll(TriggerMode.EDGE));
        assertThat(config.listeners())
                .containsExactly(entry("default", new ListenerConfig(null, 7777, 4096)));
        assertThat(config.eventLoops()).isEqualTo(1);
        assertThat(config.readBufferSize()).isEqualTo(64 * KIB);
        assertThat(config.readBudget()).isEqualTo(MIB);
        assertThat(config.socket()).isEqualTo(new SocketConfig(null, null, true, true));
        assertThat(config.connections())
                .isEqualTo(
                        new ConnectionLimits(10_000, 0, 64, Duration.ZERO, Duration.ofSeconds(30)));
        assertThat(config.maxPending())
                .isEqualTo(Math.max(MIB, Runtime.getRuntime().maxMemory() / 4));
        assertThat(config.drainTimeout()).isEqualTo(Duration.ofSeconds(20));
        assertThat(config.lingerTimeout()).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void holdsTheGivenValues() {
        InetAddress address = InetAddress.getLoopbackAddress();
        var second = new ListenerConfig(address, 2, 3);
        var proxyProtocol =
                new ProxyProtocolConfig(List.of(AddressRange.of("10.0.0.0/8")), ofMillis(14));
        var tls =
                new TlsConfig(
                        () -> {
                            throw new UnsupportedOperationException();
                        },
                        ClientAuth.NEED,
                        ofMillis(15));
        EchoServerConfig config =
                EchoServerConfig.builder()
                        .selector(SelectorBackend.jdk())
                        .address(address)
                        .port(1)
                        .backlog(2)
                        .proxyProtocol(proxyProtocol)
                        .tls(tls)
                        .greeting(Greeting.IDENTITY)
                        .workerThreads(5)
                        .listener("second", second)
                        .eventLoops(3)
                        .busyPoll(ofMillis(6))
                        .readBufferSize(4 * KIB)
                        .readBudget(5 * KIB)
                        .receiveBuffer(6 * KIB)
                        .sendBuffer(7 * KIB)
                        .noDelay(false)
                        .keepAlive(false)
                        .maxConnections(9)
                        .maxConnectionsPerAddress(8)
                        .ipv6PrefixLength(56)
                        .maxPending(10L * KIB)
                        .idleTimeout(ofMillis(10))
                        .writeTimeout(ofMillis(11))
                        .drainTimeout(ofMillis(12))
                        .lingerTimeout(ofMillis(13))
                        .accessLog(true)
                        .build();
        var listeners = new LinkedHashMap<String, ListenerConfig>();
        listeners.put(
                "default",
                new ListenerConfig(address, 1, 2, proxyProtocol, tls, Greeting.IDENTITY));
        listeners.put("second", second);
        assertThat(config)
                .isEqualTo(
                        new EchoServerConfig(
                                SelectorBackend.jdk(),
                                listeners,
                                3,
                                5,
                                ofMillis(6),
                                4 * KIB,
                                5 * KIB,
                                new SocketConfig(6 * KIB, 7 * KIB, false, false),
                                new ConnectionLimits(9, 8, 56, ofMillis(10), ofMillis(11)),
                                10L * KIB,
                                ofMillis(12),
                                ofMillis(13),
                                true));
    }

    @Test
    @SuppressWarnings("NullAway") // a caller without null checks
    void rejectsANullSelector() {
        assertThatNullPointerException()
                .isThrownBy(() -> EchoServerConfig.builder().selector(null))
                .withMessage("selector");
    }

    @Test
    void keepsListenersInOrderAfterTheDefault() {
        var listener = new ListenerConfig(null, 0, 1);
        EchoServerConfig config =
                EchoServerConfig.builder().listener("b", listener).listener("a", listener).build();
        assertThat(config.listeners().sequencedKeySet()).containsExactly("default", "b", "a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "tls", "ipv6-only", "x2", "n23456789-123456789-123456789-12"})
    void acceptsValidListenerNames(String name) {
        EchoServerConfig config =
                EchoServerConfig.builder().listener(name, new ListenerConfig(null, 0, 1)).build();
        assertThat(config.listeners()).containsKey(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "2nd",
                "-a",
                "TLS",
                "a_b",
                "a.b",
                "caf\u00e9",
                "n23456789-123456789-123456789-123"
            })
    void rejectsInvalidListenerNames(String name) {
        EchoServerConfig.Builder builder =
                EchoServerConfig.builder().listener(name, new ListenerConfig(null, 0, 1));
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(builder::build)
                .withMessage(
                        "listeners.<name> is %s: it must consist of lower-case letters, digits and"
                                + " dashes, begin with a letter and be at most 32 characters long",
                        name);
    }

    @Test
    void reservesTheNameOfTheDefaultListener() {
        var listener = new ListenerConfig(null, 0, 1);
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> EchoServerConfig.builder().listener("default", listener))
                .withMessage(
                        "listeners.<name> is default: it must be another name, because address,"
                                + " port and backlog configure this listener");
    }

    /** Addresses and ports of two listeners; * stands for all addresses. */
    @ParameterizedTest
    @CsvSource({
        "*, 7000, *, 7000",
        "*, 7000, 127.0.0.1, 7000",
        "127.0.0.1, 7000, *, 7000",
        "0.0.0.0, 7000, 127.0.0.1, 7000",
        "::1, 7000, ::, 7000",
        "127.0.0.1, 7000, 127.0.0.1, 7000",
    })
    void rejectsTwoListenersOnOnePort(String address, int port, String other, int otherPort) {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> twoListeners(address, port, other, otherPort))
                .satisfies(e -> assertThat(e.key()).isEqualTo("listeners.second.port"))
                .withMessage(
                        "listeners.second.port is 7000: it must differ from the port of the"
                                + " listener default, because the addresses of the two overlap");
    }

    @ParameterizedTest
    @CsvSource({
        "*, 0, *, 0",
        "*, 7000, *, 7001",
        "127.0.0.1, 7000, 127.0.0.2, 7000",
        "127.0.0.1, 7000, ::1, 7000",
    })
    void acceptsTwoListenersThatDiffer(String address, int port, String other, int otherPort) {
        assertThat(twoListeners(address, port, other, otherPort).listeners()).hasSize(2);
    }

    private static EchoServerConfig twoListeners(
            String address, int port, String other, int otherPort) {
        return EchoServerConfig.builder()
                .address(address(address))
                .port(port)
                .listener("second", new ListenerConfig(address(other), otherPort, 1))
                .build();
    }

    private static @Nullable InetAddress address(String text) {
        return text.equals("*") ? null : InetAddress.ofLiteral(text);
    }

    @Test
    void rejectsAFirstListenerThatIsNotTheDefault() {
        var listeners = new LinkedHashMap<String, ListenerConfig>();
        listeners.put("second", new ListenerConfig(null, 0, 1));
        EchoServerConfig config = EchoServerConfig.defaults();
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                new EchoServerConfig(
                                        config.selector(),
                                        listeners,
                                        config.eventLoops(),
                                        config.workerThreads(),
                                        config.busyPoll(),
                                        config.readBufferSize(),
                                        config.readBudget(),
                                        config.socket(),
                                        config.connections(),
                                        config.maxPending(),
                                        config.drainTimeout(),
                                        config.lingerTimeout(),
                                        config.accessLog()))
                .withMessage("The first listener must be default: [second]");
    }

    @Test
    void listenersAreUnmodifiable() {
        SequencedMap<String, ListenerConfig> listeners = EchoServerConfig.defaults().listeners();
        assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(listeners::clear);
    }

    /** Hosts would not know a setting that is not listed. */
    @Test
    void listsAllSettings() {
        assertThat(Setting.all())
                .containsExactlyElementsOf(
                        Arrays.stream(Setting.class.getFields())
                                .map(EchoServerConfigTest::constant)
                                .toList());
        assertThat(Setting.all()).containsAll(Setting.ofListeners());
    }

    private static Setting<?> constant(Field field) {
        try {
            return (Setting<?>) Objects.requireNonNull(field.get(null));
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void hasNoDefaultIfTheSystemDecides() {
        assertThat(Setting.RECEIVE_BUFFER.defaultText()).isNull();
        assertThatIllegalStateException()
                .isThrownBy(Setting.RECEIVE_BUFFER::defaultValue)
                .withMessage("socket.receive-buffer has no fixed default");
    }
}
