package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Build;
import io.epollecho.ChildJvm;
import io.epollecho.Ports;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;

/** A killed server closes nothing itself and leaves its port to the kernel. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class KilledServerTest {

    private static final int KILLS = Build.isThorough() ? 50 : 9;

    @Test
    void servesAgainOnTheSamePort() throws IOException {
        int port = Ports.free();
        List<Backend> backends = List.of(Backend.values());
        var old = new ArrayList<Peer>();
        for (int i = 0; i < KILLS; i++) {
            Backend backend = backends.get(i % backends.size());
            var peers = new ArrayList<Peer>();
            try (ServerProcess server = ServerProcess.start(backend, port, ChildJvm.QUICK_START)) {
                assertThat(server.address().getPort()).isEqualTo(port);
                for (int seed = 0; seed < 5; seed++) {
                    Peer peer = new Peer(seed, server.address(), null, 0, 0);
                    peers.add(peer);
                    peer.echo(1_000);
                }
                peers.getFirst().send(100_000);
            }
            for (Peer peer : peers) {
                receiveToAnyEnd(peer);
            }
            close(old); // a round later, so that the kernel keeps half-closed ones
            old.clear();
            old.addAll(peers);
        }
        close(old);
    }

    private static void receiveToAnyEnd(Peer peer) throws IOException {
        try {
            peer.receiveToEnd();
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("Connection reset");
        }
    }

    private static void close(List<Peer> peers) throws IOException {
        for (Peer peer : peers) {
            peer.close();
        }
    }
}
