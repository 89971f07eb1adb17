package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/**
 * The servers and peers of a scenario, on real loopback connections. They are closed after each
 * scenario.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class ScenarioRun implements Backend {

    private final Queue<EchoServer> servers = new ConcurrentLinkedQueue<>();
    private final Queue<Peer> peers = new ConcurrentLinkedQueue<>();
    private final AtomicLong seeds = new AtomicLong();
    private final AtomicInteger turns = new AtomicInteger();

    /** The source addresses that peers report instead of the default ones. */
    private Map<InetAddress, InetAddress> disguises = Map.of();

    @Override
    public EchoServerConfig.Builder settings() {
        EchoServerConfig.Builder settings =
                EchoServerConfig.builder()
                        .selector(selector())
                        .eventLoops(eventLoops())
                        .address(InetAddress.getLoopbackAddress())
                        .port(0);
        for (int i = 2; i <= listeners(); i++) {
            settings.listener("listener-" + i, transport().on(anyPort()));
        }
        return transport().on(settings);
    }

    @Override
    public EchoServer create(EchoServerConfig config, EchoServerListener listener) {
        var server = new EchoServer(config, listener);
        servers.add(server);
        return server;
    }

    @Override
    public EchoServer startDisguised(
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

    @Override
    public Peer connect(InetSocketAddress server, int receiveBuffer, int sendBuffer)
            throws IOException {
        return complete(begin(server, null, receiveBuffer, sendBuffer));
    }

    @Override
    public Peer connect(EchoServer server, int receiveBuffer, int sendBuffer) throws IOException {
        var addresses = List.copyOf(server.localAddresses().values());
        int turn = turns.getAndIncrement() % addresses.size();
        // A local port may be used for connections to different listeners, so each listener's peers
        // use their own address.
        InetAddress from = turn == 0 ? null : InetAddress.ofLiteral("127.0.0." + (turn + 1));
        return complete(begin(addresses.get(turn), from, receiveBuffer, sendBuffer));
    }

    @Override
    public Peer connect(InetSocketAddress server, InetAddress from) throws IOException {
        return complete(begin(server, from, 0, 0));
    }

    @Override
    public Peer queue(InetSocketAddress server) throws IOException {
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

    private static final Logger log =
            (Logger) LoggerFactory.getLogger(EchoServer.class.getPackageName());

    /** Suppresses the servers' debug log, which has a line for each lost connection. */
    @BeforeAll
    static void reduceLogLevel() {
        log.setLevel(Level.WARN);
    }

    @AfterAll
    static void restoreLogLevel() {
        log.setLevel(null);
    }
}
