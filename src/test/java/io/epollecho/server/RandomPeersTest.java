package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Build;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Peers with random behavior against one server. A failure message contains the command that
 * repeats the same scripts.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class RandomPeersTest {

    private static final int SCRIPTS_IN_ALL =
            Integer.getInteger("fuzz.scripts", Build.isThorough() ? 12_000 : 3_000);

    private static final @Nullable Long SEED = Long.getLong("fuzz.seed");

    static Stream<Arguments> cells() {
        String only = System.getProperty("fuzz.on", "");
        return Arrays.stream(Backend.values())
                .flatMap(backend -> Stream.of(1, 2).map(loops -> new Cell(backend, loops)))
                .filter(cell -> only.isEmpty() || cell.toString().equals(only))
                .map(Arguments::of);
    }

    record Cell(Backend backend, int loops) {

        @Override
        public String toString() {
            return backend + "/" + loops;
        }

        /**
         * Starts a server with default buffers, or with buffers so small that they are always full.
         */
        EchoServer start(boolean tight) {
            var settings =
                    EchoServerConfig.builder()
                            .selector(backend.selector())
                            .eventLoops(loops)
                            .address(InetAddress.getLoopbackAddress())
                            .port(0)
                            .drainTimeout(Duration.ZERO);
            return EchoServer.start(
                    tight
                            ? settings.readBufferSize(4 * 1024)
                                    .readBudget(8 * 1024)
                                    .sendBuffer(16 * 1024)
                                    .build()
                            : settings.build());
        }
    }

    @ParameterizedTest
    @MethodSource("cells")
    void everyByteComesBackInOrder(Cell cell) throws IOException {
        try (EchoServer plain = cell.start(false);
                EchoServer tight = cell.start(true)) {
            var onPlain = new RandomPeers(cell.backend, plain.localAddress());
            var onTight = new RandomPeers(cell.backend, tight.localAddress());
            long first = SEED == null ? 0 : SEED;
            long rounds = SEED == null ? SCRIPTS_IN_ALL / (6 * RandomPeers.AT_ONCE) : 1;
            for (long seed = first; seed < first + rounds; seed++) {
                play(cell, seed, seed % 2 == 0 ? onPlain : onTight);
            }
            for (EchoServer server : new EchoServer[] {plain, tight}) {
                Servers.awaitActive(server, 0);
                EchoServerStatistics statistics = server.statistics();
                assertThat(statistics.pendingBytes()).isZero();
                assertThat(statistics.acceptErrors() + statistics.rejectedTotal()).isZero();
                assertThat(
                                Servers.closed(server, CloseReason.PEER)
                                        + Servers.closed(server, CloseReason.RESET))
                        .isEqualTo(statistics.accepted());
            }
        }
    }

    static void play(Cell cell, long seed, RandomPeers peers) throws IOException {
        try {
            peers.play(seed);
        } catch (AssertionError e) {
            throw new AssertionError(
                    "%s%nReproduce: ./mvnw test -Dtest=RandomPeersTest -Dfuzz.seed=%d -Dfuzz.on=%s"
                            .formatted(e.getMessage(), seed, cell),
                    e);
        }
    }
}
