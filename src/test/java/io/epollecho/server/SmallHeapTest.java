package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.Certificates;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;

/**
 * Peers that do not read cannot fill a server's heap, even a small one. The server runs in its own
 * process with a limited heap.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class SmallHeapTest {

    /** A small buffer, so that bytes that peers do not read soon become pending in the server. */
    private static final int SEND_BUFFER = 16 * 1024;

    /** One read buffer per peer would fill the heap. */
    @ParameterizedTest
    @EnumSource
    void survivesFiveHundredPeersThatDoNotRead(BackendUnderTest backend) throws IOException {
        try (ServerProcess server =
                ServerProcess.start(
                        backend,
                        Transport.PLAIN,
                        0,
                        ServerProcess.DEFAULT_READ_BUFFER,
                        SEND_BUFFER,
                        "-Xmx24m")) {
            int whole = echoesToSilentPeers(server, Transport.PLAIN, 500);
            assertThat(whole).as("peers within the limit").isBetween(1, 499);
            assertThat(server.isAlive()).isTrue();
        }
    }

    /** One read buffer and the TLS buffers per peer would fill the heap and the direct memory. */
    @ParameterizedTest
    @EnumSource
    void survivesFiveHundredPeersThatDoNotReadOverTls(
            BackendUnderTest backend, @TempDir Path directory) throws IOException {
        try (ServerProcess server =
                ServerProcess.start(
                        backend,
                        Transport.TLS,
                        0,
                        ServerProcess.DEFAULT_READ_BUFFER,
                        SEND_BUFFER,
                        "-Xmx48m",
                        "-XX:MaxDirectMemorySize=12m",
                        Certificates.saveFor(directory.resolve("certificates")))) {
            int whole = echoesToSilentPeers(server, Transport.TLS, 500);
            assertThat(whole).as("peers within the limit").isBetween(1, 499);
            assertThat(server.isAlive()).isTrue();
        }
    }

    /** The read buffer is a quarter of the heap, but peers keep only their pending bytes. */
    @ParameterizedTest
    @EnumSource
    void keepsOnlyPendingBytes(BackendUnderTest backend) throws IOException {
        try (ServerProcess server =
                ServerProcess.start(
                        backend, Transport.PLAIN, 0, 16 << 20, SEND_BUFFER, "-Xmx64m")) {
            int whole = echoesToSilentPeers(server, Transport.PLAIN, 20);
            assertThat(whole).as("peers within the limit").isEqualTo(20);
            assertThat(server.isAlive()).isTrue();
        }
    }

    /**
     * Lets peers send until they are done or reset and only then read. Returns the number of peers
     * that receive the complete echo; the others are reset. A bystander with nothing pending
     * receives every echo throughout.
     */
    private static int echoesToSilentPeers(ServerProcess server, Transport transport, int count)
            throws IOException {
        try (Peer bystander = connect(server, transport, 0, 0)) {
            var silent = new ArrayList<Peer>();
            for (int seed = 1; seed <= count; seed++) {
                Peer peer = connect(server, transport, seed, 8 * 1024);
                if (peer.sendUnlessReset(Backend.STALLING)) {
                    silent.add(peer);
                } else {
                    peer.close();
                }
                bystander.echo(1_000);
            }
            int whole = 0;
            for (Peer peer : silent) {
                whole += peer.receiveAllUnlessReset() ? 1 : 0;
                peer.close();
                bystander.echo(1_000);
            }
            return whole;
        }
    }

    private static Peer connect(
            ServerProcess server, Transport transport, int seed, int receiveBuffer)
            throws IOException {
        var peer = new Peer(seed, server.address(), null, receiveBuffer, 0);
        transport.begin(peer, server.address(), peer.address().getAddress());
        transport.complete(peer);
        return peer;
    }
}
