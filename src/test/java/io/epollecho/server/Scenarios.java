package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Build;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The setup, servers and peers of a test, on real loopback connections. Servers and peers are
 * closed after each test.
 */
@Timeout(120)
@ExtendWith(OwnThreads.class)
abstract class Scenarios {

    /**
     * The number of bytes that overflows the buffers towards a peer that does not read, but not
     * those from the peer to the server.
     */
    static final int STALLING = 256 * 1024;

    @Parameter
    @SuppressWarnings("NullAway.Init")
    private Setup setup;

    private final Queue<EchoServer> servers = new ConcurrentLinkedQueue<>();
    private final Queue<Peer> peers = new ConcurrentLinkedQueue<>();
    private final AtomicLong seeds = new AtomicLong();
    private final AtomicInteger turns = new AtomicInteger();

    /** The source addresses that peers report instead of the default ones. */
    private Map<InetAddress, InetAddress> disguises = Map.of();

    final Setup setup() {
        return setup;
    }

    final SelectorBackend selector() {
        return setup.backend().selector();
    }

    final int eventLoops() {
        return setup.loops();
    }

    final Transport transport() {
        return setup.transport();
    }

    /**
     * Returns the given number of connections in {@link Setup#MAIN} and in a thorough build, and a
     * tenth of it in the other setups, where the number is not what is tested.
     */
    final int crowd(int connections) {
        return setup.equals(Setup.MAIN) || Build.isThorough() ? connections : connections / 10;
    }

    /** Returns the configuration of a plain listener on a free loopback port. */
    static ListenerConfig anyPort() {
        return new ListenerConfig(
                InetAddress.getLoopbackAddress(), 0, Setting.BACKLOG.defaultValue());
    }

    EchoServerConfig.Builder settings() {
        EchoServerConfig.Builder settings =
                EchoServerConfig.builder()
                        .selector(selector())
                        .eventLoops(eventLoops())
                        .address(InetAddress.getLoopbackAddress())
                        .port(0);
        for (int i = 2; i <= transport().listeners(); i++) {
            settings.listener("listener-" + i, transport().on(anyPort()));
        }
        return transport().on(settings);
    }

    EchoServer create(EchoServerConfig config, EchoServerListener listener) {
        var server = new EchoServer(config, listener);
        servers.add(server);
        return server;
    }

    EchoServer startDisguised(
            Map<InetAddress, InetAddress> addresses,
            UnaryOperator<EchoServerConfig.Builder> change) {
        if (transport().hasProxy()) {
            disguises = addresses;
            return start(change);
        }
        FaultyProvider faulty = faultyProvider();
        faulty.disguisePeers(
                peer -> new InetSocketAddress(addresses.get(peer.getAddress()), peer.getPort()));
        return start(faulty, change);
    }

    Peer connect(InetSocketAddress server, int receiveBuffer, int sendBuffer) throws IOException {
        return complete(begin(server, null, receiveBuffer, sendBuffer));
    }

    Peer connect(EchoServer server, int receiveBuffer, int sendBuffer) throws IOException {
        var addresses = List.copyOf(server.localAddresses().values());
        int turn = turns.getAndIncrement() % addresses.size();
        // A local port may be used for connections to different listeners, so each listener's peers
        // use their own address.
        InetAddress from = turn == 0 ? null : InetAddress.ofLiteral("127.0.0." + (turn + 1));
        return complete(begin(addresses.get(turn), from, receiveBuffer, sendBuffer));
    }

    Peer connect(InetSocketAddress server, InetAddress from) throws IOException {
        return complete(begin(server, from, 0, 0));
    }

    Peer queue(InetSocketAddress server) throws IOException {
        return begin(server, null, 0, 0);
    }

    private Peer begin(
            InetSocketAddress server, @Nullable InetAddress from, int receiveBuffer, int sendBuffer)
            throws IOException {
        var peer = new Peer(seeds.incrementAndGet(), server, from, receiveBuffer, sendBuffer);
        peers.add(peer);
        InetAddress address = peer.address().getAddress();
        InetAddress disguise = disguises.get(address);
        transport().begin(peer, server, disguise == null ? Transport.disguise(address) : disguise);
        return peer;
    }

    private Peer complete(Peer peer) throws IOException {
        transport().complete(peer);
        return peer;
    }

    /** Returns a provider that wraps this backend's and can inject faults. */
    FaultyProvider faultyProvider() {
        return new FaultyProvider(selector().provider());
    }

    List<Peer> queue(InetSocketAddress server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(queue(server));
        }
        return peers;
    }

    EchoServer start(UnaryOperator<EchoServerConfig.Builder> change) {
        EchoServer server = create(change.apply(settings()).build(), EchoServerListener.NONE);
        server.start();
        return server;
    }

    EchoServer start() {
        return start(settings -> settings);
    }

    EchoServer start(FaultyProvider provider) {
        return start(provider, settings -> settings);
    }

    EchoServer start(FaultyProvider provider, UnaryOperator<EchoServerConfig.Builder> change) {
        return start(settings -> change.apply(settings.selector(provider.as(selector()))));
    }

    /** Starts a server with small socket buffers, so that a peer that does not read stalls soon. */
    EchoServer startTight(UnaryOperator<EchoServerConfig.Builder> change) {
        return start(
                settings ->
                        change.apply(
                                settings.readBufferSize(16 * 1024)
                                        .sendBuffer(16 * 1024)
                                        .receiveBuffer(512 * 1024)));
    }

    EchoServer startTight() {
        return startTight(settings -> settings);
    }

    /**
     * Connects a peer to a tight server. The peer has sent everything and does not read: the server
     * has bytes pending for it and more bytes to read from it.
     */
    Peer stalledPeer(EchoServer server) throws IOException {
        return stalledPeers(server, 1).getFirst();
    }

    List<Peer> stalledPeers(EchoServer server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(connect(server, 8 * 1024, 0));
        }
        for (Peer peer : peers) {
            peer.send(STALLING);
        }
        Background.await()
                .until(
                        () ->
                                stalled(server)
                                        .containsAll(peers.stream().map(Peer::address).toList()));
        return peers;
    }

    Peer connect(EchoServer server) throws IOException {
        return connect(server, 0, 0);
    }

    List<Peer> connect(EchoServer server, int count) throws IOException {
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < count; i++) {
            peers.add(connect(server));
        }
        return peers;
    }

    /** Connects peers to the same listener. */
    List<Peer> connect(InetSocketAddress server, int count) throws IOException {
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

    /** Returns the event loops of this test's servers. */
    final Set<Thread> loopThreads() {
        return OwnThreads.ofThisTest().stream()
                .filter(thread -> thread.getName().matches("echo-server-\\d+"))
                .collect(Collectors.toSet());
    }

    /** Returns the processor time that the event loops of this test's servers have used. */
    final Duration cpuTimeOfLoops() {
        var monitor = ManagementFactory.getThreadMXBean();
        return Duration.ofNanos(
                loopThreads().stream()
                        .mapToLong(thread -> monitor.getThreadCpuTime(thread.threadId()))
                        .sum());
    }

    /**
     * Waits until the given number of connections are open and have completed their header and
     * handshake.
     */
    void awaitOpen(EchoServer server, int count) {
        Servers.awaitActive(server, count);
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

    /**
     * Closes everything and checks that no connection is open and the statistics are consistent.
     */
    @AfterEach
    void closeAll() throws IOException {
        for (EchoServer server : servers) {
            server.stop();
            assertThat(server.statistics().active()).as("open connections").isZero();
            assertThat(server.statistics().pendingBytes()).as("pending bytes").isZero();
            if (server.config().listeners().values().stream()
                    .allMatch(listener -> listener.greeting() == Greeting.NONE)) {
                assertThat(server.statistics().bytesSent())
                        .as("bytes sent")
                        .isLessThanOrEqualTo(server.statistics().bytesReceived());
            }
        }
        for (Peer peer : peers) {
            peer.close();
        }
    }
}
