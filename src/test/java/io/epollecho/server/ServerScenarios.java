package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * All scenarios of the echo server, each with real connections over loopback. A subclass names the
 * backend that they run on.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class ServerScenarios
        implements EchoScenarios,
                PressureScenarios,
                CrowdScenarios,
                ResetScenarios,
                LimitScenarios,
                DrainScenarios,
                LifecycleScenarios {

    private final Queue<EchoServer> servers = new ConcurrentLinkedQueue<>();
    private final Queue<Peer> peers = new ConcurrentLinkedQueue<>();
    private final AtomicLong seeds = new AtomicLong();
    private final AtomicInteger turns = new AtomicInteger();

    @Override
    public EchoServerConfig.Builder settings() {
        EchoServerConfig.Builder settings =
                EchoServerConfig.builder()
                        .selector(selector())
                        .eventLoops(eventLoops())
                        .address(InetAddress.getLoopbackAddress())
                        .port(0);
        for (int i = 2; i <= listeners(); i++) {
            settings.listener(
                    "listener-" + i,
                    new ListenerConfig(
                            InetAddress.getLoopbackAddress(), 0, Setting.BACKLOG.defaultValue()));
        }
        return settings;
    }

    @Override
    public EchoServer create(EchoServerConfig config, EchoServerListener listener) {
        var server = new EchoServer(config, listener);
        servers.add(server);
        return server;
    }

    @Override
    public Peer connect(InetSocketAddress server, int receiveBuffer, int sendBuffer)
            throws IOException {
        var peer = new Peer(seeds.incrementAndGet(), server, null, receiveBuffer, sendBuffer);
        peers.add(peer);
        return peer;
    }

    @Override
    public Peer connect(EchoServer server, int receiveBuffer, int sendBuffer) throws IOException {
        var addresses = List.copyOf(server.localAddresses().values());
        int turn = turns.getAndIncrement() % addresses.size();
        // One port can connect to several others: peers are told apart by their own address.
        InetAddress from = turn == 0 ? null : InetAddress.ofLiteral("127.0.0." + (turn + 1));
        var peer =
                new Peer(
                        seeds.incrementAndGet(),
                        addresses.get(turn),
                        from,
                        receiveBuffer,
                        sendBuffer);
        peers.add(peer);
        return peer;
    }

    @Override
    public Peer connect(InetSocketAddress server, InetAddress from) throws IOException {
        var peer = new Peer(seeds.incrementAndGet(), server, from, 0, 0);
        peers.add(peer);
        return peer;
    }

    /** Whatever a scenario does, in the end nothing is open and the figures add up. */
    @AfterEach
    void closeAll() throws IOException {
        for (EchoServer server : servers) {
            server.stop();
            assertThat(server.statistics().active()).as("open connections").isZero();
            assertThat(server.statistics().pendingBytes()).as("pending bytes").isZero();
            assertThat(server.statistics().bytesSent())
                    .as("bytes sent")
                    .isLessThanOrEqualTo(server.statistics().bytesReceived());
        }
        for (Peer peer : peers) {
            peer.close();
        }
    }

    private static final Logger log =
            (Logger) LoggerFactory.getLogger(EchoServer.class.getPackageName());

    /** The servers' debug lines, one for each lost connection, would be thousands. */
    @BeforeAll
    static void logLess() {
        log.setLevel(Level.WARN);
    }

    @AfterAll
    static void logAsBefore() {
        log.setLevel(null);
    }
}
