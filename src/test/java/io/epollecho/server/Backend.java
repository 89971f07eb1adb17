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

/** What a scenario runs on, and how it gets its servers and peers, which are closed after it. */
interface Backend {

    /** Too much for the buffers on the way to a peer that reads nothing, not for those from it. */
    int STALLING = 256 * 1024;

    /** A connection on which nothing has moved for so long is at rest. */
    Duration REST = Duration.ofSeconds(1);

    /** The selectors and channels to run on. */
    SelectorBackend selector();

    /** The number of event loops. */
    int eventLoops();

    /** The number of listeners, which peers come by in turn unless a scenario is about one. */
    default int listeners() {
        return 1;
    }

    /** What lies between the sockets and the echo. */
    default Transport transport() {
        return Transport.PLAIN;
    }

    /** A plain listener on a free port of the loopback address. */
    default ListenerConfig anyPort() {
        return new ListenerConfig(
                InetAddress.getLoopbackAddress(), 0, Setting.BACKLOG.defaultValue());
    }

    /** The settings of this backend, on free ports of the loopback address. */
    EchoServerConfig.Builder settings();

    /** Another way to this backend's selectors and channels, on which faults can be staged. */
    default FaultyProvider faultyProvider() {
        return new FaultyProvider(selector().provider());
    }

    /** A server that is not started yet. */
    EchoServer create(EchoServerConfig config, EchoServerListener listener);

    /** A peer with buffers of these sizes, where 0 leaves them to the kernel. */
    Peer connect(InetSocketAddress server, int receiveBuffer, int sendBuffer) throws IOException;

    /**
     * A peer that does not wait for anything from the server, which has not accepted it. Over TLS
     * the first use of it waits for the handshake.
     */
    Peer queue(InetSocketAddress server) throws IOException;

    default List<Peer> queue(InetSocketAddress server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(queue(server));
        }
        return peers;
    }

    /** A server to which peers with these addresses have others. */
    EchoServer startDisguised(
            Map<InetAddress, InetAddress> addresses,
            UnaryOperator<EchoServerConfig.Builder> change);

    /** A peer with an address of its own. */
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

    /** A server whose sockets hold little, so that a peer that reads nothing is soon in its way. */
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
     * A peer of a tight server that has sent all it is going to send, and reads nothing: the server
     * has bytes pending for it, and more waits in its socket to be read.
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

    /** A peer that comes by any listener of the server: by each of them in turn. */
    Peer connect(EchoServer server, int receiveBuffer, int sendBuffer) throws IOException;

    default List<Peer> connect(EchoServer server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(connect(server));
        }
        return peers;
    }

    /** Peers that all come by the same listener. */
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

    /** The address of one listener. */
    static InetSocketAddress address(EchoServer server, String listener) {
        return Objects.requireNonNull(server.localAddresses().get(listener));
    }

    static long closed(EchoServer server, CloseReason reason) {
        return server.statistics().closed().getOrDefault(reason, 0L);
    }

    static long rejected(EchoServer server, RejectReason reason) {
        return server.statistics().rejected().getOrDefault(reason, 0L);
    }

    /** Peers that were turned away because their address had reached its limit. */
    static long refusedByAddress(EchoServer server) {
        return rejected(server, RejectReason.ADDRESS_LIMIT)
                + closed(server, CloseReason.ADDRESS_LIMIT);
    }

    /** Waits until nothing has moved on any connection for a second: a drain finds all at rest. */
    static void awaitRest(EchoServer server, int connections) {
        Background.await()
                .untilAsserted(
                        () ->
                                assertThat(Background.get(server.newestConnections(connections)))
                                        .hasSize(connections)
                                        .extracting(ConnectionInfo::idle)
                                        .allMatch(idle -> idle.compareTo(REST) >= 0));
    }

    /** Waits until so many connections are open and have come as far as the echo. */
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

    /** Waits until so many connections are open. */
    static void awaitActive(EchoServer server, long count) {
        Background.await()
                .untilAsserted(
                        () ->
                                assertThat(server.statistics().active())
                                        .as("open connections")
                                        .isEqualTo(count));
    }
}
