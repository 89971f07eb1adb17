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
        Servers.assertClosed(server, CloseReason.PEER, peers.size());
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
        Servers.assertClosed(server, CloseReason.PEER, 100);
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
        Servers.assertClosed(server, CloseReason.PEER, peers.size());
    }

    /** The end of the stream arrives with the last data or immediately after it. */
    @Test
    void dataAndEndOfStreamInOneSegment() throws IOException {
        EchoServer server = start();
        int count = crowd(2_000);
        for (int i = 0; i < count; i++) {
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
        Servers.assertClosed(server, CloseReason.PEER, count);
    }

    @Test
    void manyConnections() throws IOException {
        EchoServer server = start();
        int all = crowd(1_000);
        List<Peer> peers = connect(server, all);
        Servers.awaitActive(server, all);
        int length = 0;
        for (Peer peer : peers) {
            peer.send(++length);
        }
        for (Peer peer : peers) {
            peer.receive(peer.sent());
        }

        assertThat(server.statistics().accepted()).isEqualTo(all);
        assertThat(server.statisticsByLoop())
                .extracting(loop -> loop.total().active())
                .containsOnly((long) all / eventLoops());
        var open = new HashMap<InetSocketAddress, ConnectionInfo>();
        for (ConnectionInfo info : Background.get(server.newestConnections(2 * all))) {
            open.put(info.peer(), info);
        }
        assertThat(open).hasSize(all);
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
                .containsExactly((long) all, all - 1L, all - 2L);
        assertThat(Background.get(server.connections(ConnectionOrder.BUSIEST, 2 * all)))
                .hasSize(all)
                .extracting(info -> -info.bytesMoved())
                .isSorted();

        for (Peer peer : peers.subList(0, all * 2 / 5)) {
            peer.close();
        }
        Servers.awaitActive(server, all * 3 / 5);
        for (Peer peer : peers.subList(all * 2 / 5, all)) {
            peer.echo(10);
        }
        assertThat(Background.get(server.newestConnections(2 * all))).hasSize(all * 3 / 5);
        assertThat(server.peakConnections()).isEqualTo(all);
    }
}
