package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Random;

/** Peers receive every byte that they send, in order, and then the end of the stream. */
@Setups
class EchoTest extends Scenarios {

    @Test
    void randomChunks() throws IOException {
        EchoServer server = start();
        List<Peer> peers = connect(server, 4);
        Background.forEach(peers, peer -> echoRandomChunks(peer, 6_000_000, 3_000_000));
        Servers.awaitActive(server, 0);
        assertThat(server.statistics().bytesReceived())
                .isEqualTo(peers.stream().mapToLong(Peer::sent).sum());
        assertThat(server.statistics().bytesSent()).isEqualTo(server.statistics().bytesReceived());
        assertThat(Servers.closed(server, CloseReason.PEER)).isEqualTo(peers.size());
    }

    /** Each read fills the buffer and uses up the budget, so that each one needs another turn. */
    @Test
    void randomChunksWithTheSmallestBufferAndBudget() throws IOException {
        EchoServer server = start(settings -> settings.readBufferSize(1024).readBudget(1024));
        Background.forEach(connect(server, 2), peer -> echoRandomChunks(peer, 1_000_000, 100_000));
        Servers.awaitActive(server, 0);
    }

    private static void echoRandomChunks(Peer peer, int total, int largest) throws IOException {
        var writer =
                Background.run(
                        () -> {
                            var random = new Random(7);
                            while (peer.sent() < total) {
                                // as many small chunks as large ones
                                double exponent = random.nextDouble() * Math.log(largest);
                                peer.send((long) Math.exp(exponent));
                            }
                            peer.endOutput();
                        });
        peer.receiveToEnd();
        Background.join(writer);
        assertThat(peer.received()).isEqualTo(peer.sent()).isGreaterThanOrEqualTo(total);
    }

    /** A lost edge would stop the exchange forever. */
    @Test
    void requestAndReply() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server);
        var random = new Random(11);
        for (int i = 0; i < 10_000; i++) {
            peer.echo(1 + random.nextInt(100));
        }
        peer.endOutput();
        peer.expectEnd();
        assertThat(server.statistics().bytesSent()).isEqualTo(peer.received());
    }

    @Test
    void emptyConnections() throws IOException {
        EchoServer server = start();
        for (int i = 0; i < 100; i++) {
            try (Peer peer = connect(server)) {
                peer.endOutput();
                peer.expectEnd();
            }
        }
        Servers.awaitActive(server, 0);
        assertThat(Servers.closed(server, CloseReason.PEER)).isEqualTo(100);
        assertThat(server.statistics().bytesReceived()).isZero();
    }

    @Test
    void halfClose() throws IOException {
        EchoServer server = start();
        List<Peer> peers = new ArrayList<>();
        for (long length :
                new long[] {1, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 8 << 20}) {
            Peer peer = connect(server);
            peers.add(peer);
            var writer =
                    Background.run(
                            () -> {
                                peer.send(length);
                                peer.endOutput();
                            });
            peer.receiveAllToEnd();
            Background.join(writer);
            assertThat(peer.received()).isEqualTo(length);
        }
        Servers.awaitActive(server, 0);
        assertThat(Servers.closed(server, CloseReason.PEER)).isEqualTo(peers.size());
    }

    /** The end of the stream arrives with the last data or immediately after it. */
    @Test
    void dataAndEndOfStreamInOneSegment() throws IOException {
        EchoServer server = start();
        for (int i = 0; i < 2_000; i++) {
            try (Peer peer = connect(server)) {
                if (i % 2 == 0) {
                    // The second piece waits for the acknowledgement of the first, and so for its
                    // echo, unless the FIN flushes it.
                    peer.coalesce();
                    peer.send(1 + i % 100);
                }
                peer.send(1 + i % 1_000);
                peer.endOutput();
                peer.receiveAllToEnd();
            }
        }
        Servers.awaitActive(server, 0);
        assertThat(Servers.closed(server, CloseReason.PEER)).isEqualTo(2_000);
    }

    @Test
    void thousandConnections() throws IOException {
        EchoServer server = start();
        List<Peer> peers = connect(server, 1_000);
        Servers.awaitActive(server, 1_000);
        int length = 0;
        for (Peer peer : peers) {
            peer.send(++length);
        }
        for (Peer peer : peers) {
            peer.receive(peer.sent());
        }

        assertThat(server.statistics().accepted()).isEqualTo(1_000);
        assertThat(server.statisticsByLoop())
                .extracting(loop -> loop.total().active())
                .containsOnly(1_000L / eventLoops());
        var open = new HashMap<InetSocketAddress, ConnectionInfo>();
        for (ConnectionInfo info : Background.get(server.newestConnections(2_000))) {
            open.put(info.peer(), info);
        }
        assertThat(open).hasSize(1_000);
        for (Peer peer : peers) {
            ConnectionInfo info = open.get(peer.address());
            assertThat(info)
                    .isNotNull()
                    .returns(peer.sent(), ConnectionInfo::bytesReceived)
                    .returns(peer.received(), ConnectionInfo::bytesSent)
                    .returns(0, ConnectionInfo::pendingBytes);
        }
        assertThat(Background.get(server.newestConnections(10)))
                .hasSize(10)
                .extracting(ConnectionInfo::age)
                .isSorted();
        assertThat(Background.get(server.connections(ConnectionOrder.BUSIEST, 3)))
                .extracting(ConnectionInfo::bytesReceived)
                .containsExactly(1_000L, 999L, 998L);
        assertThat(Background.get(server.connections(ConnectionOrder.BUSIEST, 2_000)))
                .hasSize(1_000)
                .extracting(info -> -info.bytesMoved())
                .isSorted();

        for (Peer peer : peers.subList(0, 400)) {
            peer.close();
        }
        Servers.awaitActive(server, 600);
        for (Peer peer : peers.subList(400, 1_000)) {
            peer.echo(10);
        }
        assertThat(Background.get(server.newestConnections(2_000))).hasSize(600);
        assertThat(server.peakConnections()).isEqualTo(1_000);
    }
}
