package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofNanos;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.net.InetAddress;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;

class EchoServerConfigTest {

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;
    private static final int GIB = 1024 * MIB;

    @FunctionalInterface
    interface Change<T> {
        EchoServerConfig.Builder apply(EchoServerConfig.Builder builder, T value);
    }

    /** A setting's way into the builder, and values just inside or just outside its range. */
    @SafeVarargs
    @SuppressWarnings("varargs")
    private static <T> Stream<Arguments> values(Setting setting, Change<T> change, T... values) {
        return Arrays.stream(values).map(value -> Arguments.of(setting, change, value));
    }

    static Stream<Arguments> allowed() {
        Duration none = Duration.ZERO;
        return Stream.of(
                        values(Setting.PORT, EchoServerConfig.Builder::port, 0, 65_535),
                        values(Setting.BACKLOG, EchoServerConfig.Builder::backlog, 1, 1_048_576),
                        values(Setting.EVENT_LOOPS, EchoServerConfig.Builder::eventLoops, 1, 256),
                        values(
                                Setting.READ_BUFFER_SIZE,
                                EchoServerConfigTest::bothSizes,
                                KIB,
                                16 * MIB),
                        values(
                                Setting.READ_BUDGET,
                                EchoServerConfig.Builder::readBudget,
                                64 * KIB,
                                GIB),
                        values(
                                Setting.RECEIVE_BUFFER,
                                EchoServerConfig.Builder::receiveBuffer,
                                KIB,
                                GIB),
                        values(Setting.SEND_BUFFER, EchoServerConfig.Builder::sendBuffer, KIB, GIB),
                        values(
                                Setting.MAX_CONNECTIONS,
                                EchoServerConfig.Builder::maxConnections,
                                1,
                                10_000_000),
                        values(
                                Setting.MAX_CONNECTIONS_PER_ADDRESS,
                                EchoServerConfig.Builder::maxConnectionsPerAddress,
                                0,
                                1,
                                10_000),
                        values(
                                Setting.IDLE_TIMEOUT,
                                EchoServerConfig.Builder::idleTimeout,
                                none,
                                ofMillis(10),
                                ofDays(365)),
                        values(
                                Setting.WRITE_TIMEOUT,
                                EchoServerConfig.Builder::writeTimeout,
                                none,
                                ofMillis(10),
                                ofDays(365)),
                        values(
                                Setting.DRAIN_TIMEOUT,
                                EchoServerConfig.Builder::drainTimeout,
                                none,
                                ofDays(1)))
                .flatMap(stream -> stream);
    }

    static Stream<Arguments> refused() {
        Duration negative = ofMillis(-1);
        return Stream.of(
                        values(Setting.PORT, EchoServerConfig.Builder::port, -1, 65_536),
                        values(
                                Setting.BACKLOG,
                                EchoServerConfig.Builder::backlog,
                                0,
                                -1,
                                1_048_577),
                        values(
                                Setting.EVENT_LOOPS,
                                EchoServerConfig.Builder::eventLoops,
                                0,
                                -1,
                                257),
                        values(
                                Setting.READ_BUFFER_SIZE,
                                EchoServerConfigTest::bothSizes,
                                0,
                                KIB - 1,
                                16 * MIB + 1),
                        values(
                                Setting.READ_BUDGET,
                                EchoServerConfig.Builder::readBudget,
                                64 * KIB - 1,
                                GIB + 1),
                        values(
                                Setting.RECEIVE_BUFFER,
                                EchoServerConfig.Builder::receiveBuffer,
                                KIB - 1,
                                GIB + 1),
                        values(
                                Setting.SEND_BUFFER,
                                EchoServerConfig.Builder::sendBuffer,
                                KIB - 1,
                                GIB + 1),
                        values(
                                Setting.MAX_CONNECTIONS,
                                EchoServerConfig.Builder::maxConnections,
                                0,
                                10_000_001),
                        values(
                                Setting.MAX_CONNECTIONS_PER_ADDRESS,
                                EchoServerConfig.Builder::maxConnectionsPerAddress,
                                -1,
                                10_001),
                        values(
                                Setting.IDLE_TIMEOUT,
                                EchoServerConfig.Builder::idleTimeout,
                                negative,
                                ofMillis(10).minusNanos(1),
                                ofDays(365).plusNanos(1)),
                        values(
                                Setting.WRITE_TIMEOUT,
                                EchoServerConfig.Builder::writeTimeout,
                                negative,
                                ofMillis(10).minusNanos(1),
                                ofDays(365).plusNanos(1)),
                        values(
                                Setting.DRAIN_TIMEOUT,
                                EchoServerConfig.Builder::drainTimeout,
                                ofNanos(-1),
                                ofDays(1).plusNanos(1)))
                .flatMap(stream -> stream);
    }

    /** With a budget that fits, so that it is not the one that is refused. */
    private static EchoServerConfig.Builder bothSizes(EchoServerConfig.Builder builder, int size) {
        return builder.readBufferSize(size).readBudget(GIB);
    }

    @ParameterizedTest
    @MethodSource("allowed")
    <T> void takesWhatIsAllowed(Setting setting, Change<T> change, T value) {
        EchoServerConfig config = change.apply(EchoServerConfig.builder(), value).build();
        assertThat(config.toString()).as(setting.key()).contains(String.valueOf(value));
    }

    @ParameterizedTest
    @MethodSource("refused")
    <T> void refusesWhatIsNot(Setting setting, Change<T> change, T value) {
        EchoServerConfig.Builder builder = change.apply(EchoServerConfig.builder(), value);
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(builder::build)
                .satisfies(e -> assertThat(e.setting()).isEqualTo(setting))
                .satisfies(e -> assertThat(e.value()).isEqualTo(value.toString()))
                .satisfies(e -> assertThat(e.remedy()).contains(setting.allowed()))
                .withMessage("%s is %s: allowed is %s", setting.key(), value, setting.allowed());
    }

    @Test
    void refusesABudgetBelowTheBuffer() {
        EchoServerConfig.Builder builder =
                EchoServerConfig.builder().readBufferSize(2 * MIB).readBudget(MIB);
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(builder::build)
                .satisfies(e -> assertThat(e.setting()).isEqualTo(Setting.READ_BUDGET))
                .withMessageContaining(Setting.READ_BUFFER_SIZE.key());
    }

    @Test
    void refusesMoreConnectionsPerAddressThanInAll() {
        EchoServerConfig.Builder builder = EchoServerConfig.builder().maxConnections(10);
        assertThat(builder.maxConnectionsPerAddress(10).build().connections().maxPerAddress())
                .isEqualTo(10);
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> builder.maxConnectionsPerAddress(11).build())
                .satisfies(
                        e -> assertThat(e.setting()).isEqualTo(Setting.MAX_CONNECTIONS_PER_ADDRESS))
                .withMessageContaining(Setting.MAX_CONNECTIONS.key());
    }

    @Test
    void refusesEdgeTriggeringOnTheJdksSelector() {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(
                        () -> new Transport("jdk", SelectorProvider.provider(), TriggerMode.EDGE))
                .satisfies(e -> assertThat(e.setting()).isEqualTo(Setting.TRIGGER_MODE))
                .satisfies(e -> assertThat(e.value()).isEqualTo("edge"))
                .withMessageContaining("level-triggered only")
                .withMessageContaining("choose level, or a selector that can trigger on edges");
    }

    @Test
    void defaults() {
        EchoServerConfig config = EchoServerConfig.defaults();
        assertThat(config).isEqualTo(EchoServerConfig.builder().build());
        assertThat(config.transport()).isEqualTo(Transport.jdk());
        assertThat(config.address()).isNull();
        assertThat(config.port()).isEqualTo(7777);
        assertThat(config.backlog()).isEqualTo(4096);
        assertThat(config.eventLoops()).isEqualTo(1);
        assertThat(config.readBufferSize()).isEqualTo(64 * KIB);
        assertThat(config.readBudget()).isEqualTo(MIB);
        assertThat(config.socket())
                .isEqualTo(new EchoServerConfig.SocketOptions(null, null, true, true));
        assertThat(config.connections())
                .isEqualTo(
                        new EchoServerConfig.ConnectionLimits(
                                10_000, 0, Duration.ZERO, Duration.ofSeconds(30)));
        assertThat(config.drainTimeout()).isEqualTo(Duration.ofSeconds(20));
    }

    @Test
    void takesWhatItIsGiven() {
        InetAddress address = InetAddress.getLoopbackAddress();
        EchoServerConfig config =
                EchoServerConfig.builder()
                        .address(address)
                        .port(1)
                        .backlog(2)
                        .eventLoops(3)
                        .readBufferSize(4 * KIB)
                        .readBudget(5 * KIB)
                        .receiveBuffer(6 * KIB)
                        .sendBuffer(7 * KIB)
                        .noDelay(false)
                        .keepAlive(false)
                        .maxConnections(9)
                        .maxConnectionsPerAddress(8)
                        .idleTimeout(ofMillis(10))
                        .writeTimeout(ofMillis(11))
                        .drainTimeout(ofMillis(12))
                        .build();
        assertThat(config)
                .isEqualTo(
                        new EchoServerConfig(
                                Transport.jdk(),
                                address,
                                1,
                                2,
                                3,
                                4 * KIB,
                                5 * KIB,
                                new EchoServerConfig.SocketOptions(6 * KIB, 7 * KIB, false, false),
                                new EchoServerConfig.ConnectionLimits(
                                        9, 8, ofMillis(10), ofMillis(11)),
                                ofMillis(12)));
    }

    @Test
    @SuppressWarnings("NullAway") // a caller whose null-safety nobody checks
    void refusesNoTransport() {
        assertThatNullPointerException()
                .isThrownBy(() -> EchoServerConfig.builder().transport(null).build())
                .withMessage("transport");
    }
}
