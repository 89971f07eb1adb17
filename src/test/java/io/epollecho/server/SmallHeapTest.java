package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.epollecho.stream.Certificates;
import io.epollecho.stream.HandmadeTls;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;

/**
 * Peers that do not read cannot fill a server's heap, even a small one. The server runs in its own
 * process with a limited heap.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class SmallHeapTest {

    private static final String BACKENDS = "io.epollecho.server.Backend#representatives";

    /** A small buffer, so that bytes that peers do not read soon become pending in the server. */
    private static final int SEND_BUFFER = 16 * 1024;

    /** One read buffer per peer would fill the heap. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void survivesFiveHundredPeersThatDoNotRead(Backend backend) throws IOException {
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
    @Tag("full")
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void survivesFiveHundredPeersThatDoNotReadOverTls(Backend backend, @TempDir Path directory)
            throws IOException {
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
    @Tag("full")
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void keepsOnlyPendingBytes(Backend backend) throws IOException {
        try (ServerProcess server =
                ServerProcess.start(
                        backend, Transport.PLAIN, 0, 16 << 20, SEND_BUFFER, "-Xmx64m")) {
            int whole = echoesToSilentPeers(server, Transport.PLAIN, 20);
            assertThat(whole).as("peers within the limit").isEqualTo(20);
            assertThat(server.isAlive()).isTrue();
        }
    }

    /** The engine keeps the parts of a ClientHello, which would fill the heap. */
    @Tag("full")
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void survivesTwoThousandUnfinishedHandshakes(Backend backend, @TempDir Path directory)
            throws IOException {
        try (ServerProcess server =
                ServerProcess.start(
                        backend,
                        Transport.TLS,
                        0,
                        ServerProcess.DEFAULT_READ_BUFFER,
                        0,
                        "-Xmx64m",
                        Certificates.saveFor(directory.resolve("certificates")))) {
            byte[] part =
                    ByteBuffer.allocate(5 + 15_000)
                            .put(new byte[] {22, 3, 3, 15_000 >> 8, (byte) (15_000 & 0xFF)})
                            .put(new byte[] {1, 0, 15_996 >> 8, (byte) (15_996 & 0xFF), 3, 3})
                            .array();
            try (Peer bystander = connect(server, Transport.TLS, 0, 0)) {
                var peers = new ArrayList<Peer>();
                for (int seed = 1; seed <= 2_000; seed++) {
                    var peer = new Peer(seed, server.address(), null, 0, 0);
                    peer.sendRaw(part);
                    peers.add(peer);
                    bystander.echo(100);
                }
                assertThat(server.isAlive()).isTrue();
                assertThat(peers.getFirst().endsByReset()).as("the oldest is closed").isTrue();
                bystander.echo(1_000);
                for (Peer peer : peers) {
                    peer.close();
                }
            }
        }
    }

    /** The same after the handshake, where no timeout ends it. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void survivesTwoThousandUnfinishedMessagesAfterTheHandshake(
            Backend backend, @TempDir Path directory) throws IOException {
        try (ServerProcess server =
                ServerProcess.start(
                        backend,
                        Transport.TLS,
                        0,
                        ServerProcess.DEFAULT_READ_BUFFER,
                        0,
                        "-Xmx64m",
                        Certificates.saveFor(directory.resolve("certificates")))) {
            byte[] part = Arrays.copyOf(HandmadeTls.message(24, new byte[32_000]), 15_000);
            try (Peer bystander = connect(server, Transport.TLS, 0, 0)) {
                var peers = new ArrayList<HandmadeTls>();
                for (int i = 0; i < 2_000; i++) {
                    var peer = new HandmadeTls(server.address());
                    peer.send(HandmadeTls.HANDSHAKE, part, 0);
                    peers.add(peer);
                    bystander.echo(100);
                }
                assertThat(server.isAlive()).isTrue();
                assertThatThrownBy(() -> peers.getFirst().receiveData(1))
                        .isInstanceOf(SocketException.class);
                bystander.echo(1_000);
                for (HandmadeTls peer : peers) {
                    peer.close();
                }
            }
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
                if (peer.sendUnlessReset(Scenarios.STALLING)) {
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
