package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.epollecho.Ports;
import io.epollecho.probe.FaultyEchoServer.Echo;
import io.epollecho.probe.FaultyEchoServer.Front;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Tests that the probe distinguishes and counts every kind of failure. */
@Timeout(60)
@Tag("slow")
class ProbeFailureKindsTest {

    private static final int SIZE = 100;

    /** Longer than an echo takes on a busy machine. */
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private static final Echo ECHO = (peer, bytes, _) -> peer.send(bytes);

    @Test
    void countsAnUnknownHost() throws IOException {
        var nowhere = InetSocketAddress.createUnresolved("nowhere.invalid", 7);
        assertThat(run(nowhere, 1).failures())
                .extracting(FailureCount::kind, FailureCount::count, FailureCount::first)
                .containsExactly(
                        tuple(
                                FailureKind.NAME_NOT_RESOLVED,
                                1L,
                                "connection 0: Unknown host nowhere.invalid"));
    }

    @Test
    void countsRefusedConnections() throws IOException {
        var nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), Ports.free());
        ProbeReport report = run(nobody, 2);
        assertThat(report.failures())
                .extracting(FailureCount::kind, FailureCount::count, FailureCount::first)
                .containsExactly(
                        tuple(FailureKind.REFUSED, 2L, "connection 0: Connection refused"));
        assertThat(report.source()).isEmpty();
        assertThat(new TextReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                .contains("failures     refused 2, first: connection 0: Connection refused")
                .contains("messages     none: no connection was usable")
                .doesNotContain("latency");
        assertThat(new JsonReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                .contains("\"failures\":[{\"kind\":\"refused\",\"count\":2,")
                .contains("\"latencyNanos\":{}");
    }

    /** The kernel drops connection requests to a full backlog, as a firewall does. */
    @Test
    void countsAConnectTimeout() throws IOException {
        List<SocketChannel> fillers = new ArrayList<>();
        try (var full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 8; i++) {
                SocketChannel filler = SocketChannel.open();
                filler.configureBlocking(false);
                fillers.add(filler);
                assumeTrue(
                        i < 4 || !filler.connect(full.getLocalSocketAddress()),
                        "the kernel does not drop connection requests to a full backlog");
                if (i < 4) {
                    filler.connect(full.getLocalSocketAddress());
                }
            }
            var address = (InetSocketAddress) full.getLocalSocketAddress();
            assertThat(run(address, 1).failures())
                    .extracting(FailureCount::kind, FailureCount::count, FailureCount::first)
                    .containsExactly(
                            tuple(FailureKind.TIMED_OUT, 1L, "connection 0: Connect timed out"));
        } finally {
            for (SocketChannel filler : fillers) {
                filler.close();
            }
        }
    }

    @Test
    void countsAnImmediateReset() throws IOException {
        Front resetting =
                accepted -> {
                    accepted.setSoLinger(true, 0);
                    accepted.close();
                    throw new IOException("Reset");
                };
        try (var server = new FaultyEchoServer(resetting, ECHO)) {
            ProbeReport report = run(server.address(), 3);
            assertThat(report.count(FailureKind.RESET)).isEqualTo(3);
            assertThat(report.connectFailures()).isZero();
            assertThat(report.count(FailureKind.CLOSED_EARLY)).isZero();
        }
    }

    @Test
    void countsAnImmediateClose() throws IOException {
        Front ending =
                accepted -> {
                    accepted.shutdownOutput();
                    return accepted;
                };
        try (var server = new FaultyEchoServer(ending, (_, _, _) -> {})) {
            ProbeReport report = run(server.address(), 3);
            assertThat(report.count(FailureKind.CLOSED_EARLY)).isEqualTo(3);
            assertThat(report.count(FailureKind.RESET)).isZero();
        }
    }

    /** The peer's kernel answers data sent after its FIN with a reset. */
    @Test
    void anOrderlyCloseFollowedByAResetIsClosedEarly() throws IOException {
        Echo closing =
                (peer, bytes, before) -> {
                    peer.send(bytes);
                    if (before >= 5 * SIZE) {
                        peer.socket().shutdownOutput();
                        peer.socket().close();
                    }
                };
        try (var server = new FaultyEchoServer(closing)) {
            ProbeReport report = run(server.address(), 4);
            assertThat(report.count(FailureKind.CLOSED_EARLY)).isEqualTo(4);
            assertThat(report.count(FailureKind.RESET)).isZero();
        }
    }

    /** The write fails because of the reset, but the earlier FIN ended the echo. */
    @Test
    void aFailedWriteAfterAnOrderlyCloseIsNotAReset() throws IOException {
        try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var client = SocketChannel.open(listener.getLocalSocketAddress())) {
            listener.accept().close();
            IOException failure = null;
            while (failure == null) {
                try {
                    client.write(ByteBuffer.allocate(1));
                } catch (IOException e) {
                    failure = e;
                }
            }
            assertThat(FailureKind.of(failure)).isEqualTo(FailureKind.CLOSED_EARLY);
        }
    }

    @Test
    void reportsTheOffsetOfAWrongByte() throws IOException {
        Echo flipping =
                (peer, bytes, before) -> {
                    if (before == 3 * SIZE) {
                        bytes[7] ^= 0x10;
                    }
                    peer.send(bytes);
                };
        int right = Byte.toUnsignedInt(new BytePattern().at(0, 307));
        try (var server = new FaultyEchoServer(flipping)) {
            assertThat(run(server.address(), 1).failures())
                    .extracting(FailureCount::kind, FailureCount::count, FailureCount::first)
                    .containsExactly(
                            tuple(
                                    FailureKind.WRONG_BYTE,
                                    1L,
                                    "connection 0: byte at offset 307: expected 0x%02x, actual 0x%02x"
                                            .formatted(right, right ^ 0x10)));
        }
    }

    @Test
    void reportsAnUnsentByte() throws IOException {
        Echo chatty =
                (peer, bytes, before) -> {
                    peer.send(bytes);
                    if (before == 19 * SIZE) {
                        peer.send((byte) 'x');
                    }
                };
        try (var server = new FaultyEchoServer(chatty)) {
            assertThat(run(server.address(), 1).firstFailure())
                    .contains(
                            "connection 0: byte at offset 2000: expected none, as all bytes sent"
                                    + " have come back, actual 0x78");
        }
    }

    @Test
    void recognizesAnUnexpectedGreeting() throws IOException {
        Front greeting =
                accepted -> {
                    accepted.getOutputStream()
                            .write("{\"server\":".getBytes(StandardCharsets.UTF_8));
                    return accepted;
                };
        try (var server = new FaultyEchoServer(greeting, ECHO)) {
            assertThat(run(server.address(), 1).firstFailure())
                    .hasValueSatisfying(
                            it ->
                                    assertThat(it)
                                            .contains("byte at offset 0: ")
                                            .endsWith(
                                                    "the server may send a greeting, see"
                                                            + " --expect-greeting"));
        }
    }

    @Test
    void recognizesAServerThatAnswersWithATlsAlert() throws IOException {
        Echo alert = (peer, _, _) -> peer.send((byte) 21, (byte) 3, (byte) 3, (byte) 0, (byte) 2);
        try (var server = new FaultyEchoServer(alert)) {
            assertThat(run(server.address(), 1).firstFailure())
                    .hasValueSatisfying(
                            it ->
                                    assertThat(it)
                                            .contains("byte at offset 0: ")
                                            .endsWith("answers with a TLS alert, see --tls"));
        }
    }

    @Test
    void recognizesAServerThatEchoesTheProxyHeader() throws IOException {
        try (var server = new FaultyEchoServer(ECHO)) {
            ProbeOptions options =
                    builder(server.address(), 1)
                            .proxyHeader(new ClientProxyHeader(2, null))
                            .build();
            assertThat(Probe.open(options, ProbeListener.NONE).run().firstFailure())
                    .hasValueSatisfying(
                            it -> assertThat(it).endsWith("PROXY header and does not expect one"));
        }
    }

    @Test
    void reportsTheOffsetOfMissingBytes() throws IOException {
        Echo half =
                (peer, bytes, before) -> {
                    if (before < 5 * SIZE) {
                        peer.send(bytes);
                    } else {
                        peer.send(Arrays.copyOf(bytes, 30));
                        peer.socket().shutdownOutput();
                    }
                };
        try (var server = new FaultyEchoServer(half)) {
            ProbeReport report = run(server.address(), 1);
            assertThat(report.failures())
                    .extracting(FailureCount::kind, FailureCount::count, FailureCount::first)
                    .containsExactly(
                            tuple(
                                    FailureKind.CLOSED_EARLY,
                                    1L,
                                    "connection 0: Connection closed by peer"),
                            tuple(
                                    FailureKind.MISSING_BYTES,
                                    1L,
                                    "connection 0: 70 bytes from offset 530"));
            assertThat(report.elapsed()).isPositive();
        }
    }

    @Test
    void silenceIsAStall() throws IOException {
        try (var server = new FaultyEchoServer((_, _, _) -> {})) {
            ProbeOptions options = builder(server.address(), 1).count(1).build();
            ProbeReport report = Probe.open(options, ProbeListener.NONE).run();
            assertThat(report.count(FailureKind.STALLED)).isEqualTo(1);
            assertThat(report.count(FailureKind.MISSING_BYTES)).isEqualTo(1);
            // The elapsed time includes the stall, although nothing was answered.
            assertThat(report.elapsed()).isGreaterThan(TIMEOUT.dividedBy(2));
        }
    }

    @Test
    void listsAllKinds() throws IOException {
        var next = new AtomicInteger();
        Echo mixed =
                (peer, bytes, _) -> {
                    switch (next.getAndIncrement() % 3) {
                        case 0 -> peer.reset();
                        case 1 -> peer.socket().shutdownOutput();
                        default -> {}
                    }
                };
        try (var server = new FaultyEchoServer(mixed)) {
            ProbeReport report = run(server.address(), 6);
            assertThat(report.count(FailureKind.RESET)).isEqualTo(2);
            assertThat(report.count(FailureKind.CLOSED_EARLY)).isEqualTo(2);
            assertThat(report.count(FailureKind.STALLED)).isEqualTo(2);
            assertThat(new TextReport(new Percentiles(Percentiles.DEFAULT)).of(report))
                    .contains("connections  0 of 6: failed to connect 0, reset 2, stalled 2")
                    .contains("failures     reset 2, first: connection ")
                    .contains("             closed early 2, first: connection ")
                    .contains("             stalled 2, first: connection ")
                    .contains("             missing bytes 6, first: connection ");
        }
    }

    private static ProbeReport run(InetSocketAddress address, int connections) throws IOException {
        return Probe.open(builder(address, connections).build(), ProbeListener.NONE).run();
    }

    private static ProbeOptions.Builder builder(InetSocketAddress address, int connections) {
        return ProbeOptions.builder(address)
                .connections(connections)
                .size(SIZE)
                .count(20L * connections)
                .timeout(TIMEOUT);
    }
}
