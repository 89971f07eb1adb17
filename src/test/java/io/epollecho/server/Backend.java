package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The backend of a scenario. It also creates the scenario's servers and peers, which are closed
 * after the scenario.
 */
interface Backend {

    /**
     * The number of bytes that overflows the buffers towards a peer that does not read, but not
     * those from the peer to the server.
     */
    int STALLING = 256 * 1024;

    /** The time without traffic after which a connection is at rest. */
    Duration REST = Duration.ofSeconds(1);

    /** Returns the selector backend to run on. */
    SelectorBackend selector();

    /** Returns the number of event loops. */
    int eventLoops();

    /**
     * Returns the number of listeners. Peers use them in turn unless a scenario needs a specific
     * one.
     */
    default int listeners() {
        return 1;
    }

    /** Returns the transport between the sockets and the echo. */
    default Transport transport() {
        return Transport.PLAIN;
    }

    /** Returns the configuration of a plain listener on a free loopback port. */
    default ListenerConfig anyPort() {
        return new ListenerConfig(
                InetAddress.getLoopbackAddress(), 0, Setting.BACKLOG.defaultValue());
    }

    /** Returns the settings of this backend, with free ports on the loopback address. */
    EchoServerConfig.Builder settings();

    /** Returns a provider that wraps this backend's and can inject faults. */
    default FaultyProvider faultyProvider() {
        return new FaultyProvider(selector().provider());
    }

    /** Creates a server without starting it. */
    EchoServer create(EchoServerConfig config, EchoServerListener listener);

    /** Connects a peer with the given buffer sizes; 0 lets the kernel choose. */
    Peer connect(InetSocketAddress server, int receiveBuffer, int sendBuffer) throws IOException;

    /**
     * Connects a peer without waiting for the server to accept it. Over TLS, its first use waits
     * for the handshake.
     */
    Peer queue(InetSocketAddress server) throws IOException;

    default List<Peer> queue(InetSocketAddress server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(queue(server));
        }
        return peers;
    }

    /** Starts a server that sees peers under different addresses than their own. */
    EchoServer startDisguised(
            Map<InetAddress, InetAddress> addresses,
            UnaryOperator<EchoServerConfig.Builder> change);

    /** Connects a peer from the given address. */
    Peer connect(InetSocketAddress server, InetAddress from) throws IOException;

    default EchoServer start(UnaryOperator<EchoServerConfig.Builder> change) {
        EchoServer server = create(change.apply(settings()).build(), EchoServerListener.NONE);
        server.start();
        return server;
    }

    default EchoServer start() {
        return start(settings -> settings);
    }

    default EchoServer start(FaultyProvider provider) {
        return start(provider, settings -> settings);
    }

    default EchoServer start(
            FaultyProvider provider, UnaryOperator<EchoServerConfig.Builder> change) {
        return start(settings -> change.apply(settings.selector(provider.as(selector()))));
    }

    /** Starts a server with small socket buffers, so that a peer that does not read stalls soon. */
    default EchoServer startTight(UnaryOperator<EchoServerConfig.Builder> change) {
        return start(
                settings ->
                        change.apply(
                                settings.readBufferSize(16 * 1024)
                                        .sendBuffer(16 * 1024)
                                        .receiveBuffer(512 * 1024)));
    }

    default EchoServer startTight() {
        return startTight(settings -> settings);
    }

    /**
     * Connects a peer to a tight server. The peer has sent everything and does not read: the server
     * has bytes pending for it and more bytes to read from it.
     */
    default Peer stalledPeer(EchoServer server) throws IOException {
        return stalledPeers(server, 1).getFirst();
    }

    default List<Peer> stalledPeers(EchoServer server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(connect(server, 8 * 1024, 0));
        }
        for (Peer peer : peers) {
            peer.send(STALLING);
        }
        await().until(
                        () ->
                                stalled(server)
                                        .containsAll(peers.stream().map(Peer::address).toList()));
        return peers;
    }

    default Peer connect(EchoServer server) throws IOException {
        return connect(server, 0, 0);
    }

    /** Connects a peer to the server's listeners in turn. */
    Peer connect(EchoServer server, int receiveBuffer, int sendBuffer) throws IOException;

    default List<Peer> connect(EchoServer server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(connect(server));
        }
        return peers;
    }

    /** Connects peers to the same listener. */
    default List<Peer> connect(InetSocketAddress server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(connect(server, 0, 0));
        }
        return peers;
    }

    private static Set<InetSocketAddress> stalled(EchoServer server) {
        return Background.get(server.newestConnections(Integer.MAX_VALUE)).stream()
                .filter(info -> info.pendingBytes() > 0)
                .map(ConnectionInfo::peer)
                .collect(Collectors.toSet());
    }

    /** Returns the address of one listener. */
    static InetSocketAddress address(EchoServer server, String listener) {
        return Objects.requireNonNull(server.localAddresses().get(listener));
    }

    static long closed(EchoServer server, CloseReason reason) {
        return server.statistics().closed().getOrDefault(reason, 0L);
    }

    static long rejected(EchoServer server, RejectReason reason) {
        return server.statistics().rejected().getOrDefault(reason, 0L);
    }

    /** Returns the number of peers that were refused because of the limit per address. */
    static long refusedByAddress(EchoServer server) {
        return rejected(server, RejectReason.ADDRESS_LIMIT)
                + closed(server, CloseReason.ADDRESS_LIMIT);
    }

    /**
     * Waits until nothing has moved on any connection for a second, so that a drain finds all of
     * them at rest.
     */
    static void awaitRest(EchoServer server, int connections) {
        Background.await()
                .untilAsserted(
                        () ->
                                assertThat(Background.get(server.newestConnections(connections)))
                                        .hasSize(connections)
                                        .extracting(ConnectionInfo::idle)
                                        .allMatch(idle -> idle.compareTo(REST) >= 0));
    }

    /**
     * Waits until the given number of connections are open and have completed their header and
     * handshake.
     */
    default void awaitOpen(EchoServer server, int count) {
        awaitActive(server, count);
        Background.await()
                .untilAsserted(
                        () ->
                                assertThat(Background.get(server.newestConnections(count)))
                                        .allMatch(
                                                info ->
                                                        !transport().hasProxy()
                                                                || info.proxy() != null)
                                        .allMatch(
                                                info ->
                                                        !transport().hasTls()
                                                                || info.tls() != null));
    }

    /** Waits until the given number of connections are open. */
    static void awaitActive(EchoServer server, long count) {
        Background.await()
                .untilAsserted(
                        () ->
                                assertThat(server.statistics().active())
                                        .as("open connections")
                                        .isEqualTo(count));
    }
}
