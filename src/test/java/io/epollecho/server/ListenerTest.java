package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.epollecho.Ports;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The listeners of a server share its loops, limits and lifecycle. */
@Setups(transports = Transport.TWO_LISTENERS)
class ListenerTest extends Scenarios {

    @Test
    void eachListenerHasItsOwnAddress() throws IOException {
        EchoServer server = start();
        assertThat(server.localAddresses()).hasSize(transport().listeners());
        assertThat(server.localAddresses().firstEntry().getKey())
                .isEqualTo(EchoServerConfig.DEFAULT_LISTENER);
        assertThat(server.localAddresses().firstEntry().getValue())
                .isEqualTo(server.localAddress());
        assertThat(server.localAddresses().values()).doesNotHaveDuplicates();
        for (InetSocketAddress address : server.localAddresses().values()) {
            connect(address, 0, 0).echo(1_000);
        }
        assertThat(server.statistics().accepted()).isEqualTo(transport().listeners());
    }

    @Test
    void oneLimitOverAllListeners() throws IOException {
        EchoServer server = start(settings -> settings.maxConnections(transport().listeners()));
        for (InetSocketAddress address : server.localAddresses().values()) {
            connect(address, 0, 0).echo(100);
        }
        for (InetSocketAddress address : server.localAddresses().values()) {
            connect(address, 0, 0).expectRefusal();
        }
        assertThat(Servers.rejected(server, RejectReason.LIMIT)).isEqualTo(transport().listeners());
    }

    @Test
    void drainClosesEachListener() throws IOException {
        EchoServer server = start();
        var addresses = List.copyOf(server.localAddresses().values());
        var peers = new ArrayList<Peer>();
        for (InetSocketAddress address : addresses) {
            Peer peer = connect(address, 0, 0);
            peer.echo(100);
            peers.add(peer);
        }
        var drained = Background.call(() -> server.drain(Duration.ofSeconds(60)));
        for (Peer peer : peers) {
            peer.expectEnd();
        }
        for (InetSocketAddress address : addresses) {
            Servers.awaitRefusal(() -> connect(address, 0, 0).leave());
        }
        for (Peer peer : peers) {
            peer.close();
        }
        assertThat(Background.get(drained)).isTrue();
    }

    /** Each listener accepts its backlog before it is closed. */
    @Test
    void drainServesTheBacklogOfEachListener() throws Exception {
        FaultyProvider faulty = faultyProvider();
        EchoServer server = start(faulty);
        for (FaultyProvider.FaultySelector selector : faulty.selectors()) {
            selector.hold();
        }
        var peers = new ArrayList<Peer>();
        for (InetSocketAddress address : server.localAddresses().values()) {
            peers.addAll(queue(address, 150));
        }
        for (Peer peer : peers) {
            peer.send(1_000);
        }
        var drained = Background.call(() -> server.drain(Duration.ofSeconds(60)));
        await().until(() -> server.state() == EchoServerState.DRAINING);
        for (FaultyProvider.FaultySelector selector : List.copyOf(faulty.selectors())) {
            selector.release();
        }
        for (Peer peer : peers) {
            peer.receiveAllToEnd();
            peer.close();
        }
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.DRAIN, peers.size());
    }

    /** If one listener cannot be bound, none is left open. */
    @Test
    void portOfOneListenerInUse() throws IOException {
        int used = Ports.free();
        EchoServer other = start(settings -> settings.port(used));
        int port = Ports.free();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        EchoServer server =
                create(
                        settings()
                                .port(port)
                                .listener("in-use", new ListenerConfig(loopback, used, 10))
                                .build(),
                        EchoServerListener.NONE);
        assertThatExceptionOfType(BindFailedException.class)
                .isThrownBy(server::start)
                .withMessageContaining("127.0.0.1:" + used);
        assertThat(server.state()).isEqualTo(EchoServerState.STOPPED);
        Servers.awaitRefusal(() -> connect(new InetSocketAddress(loopback, port), 0, 0).close());
        connect(other).echo(100);

        other.stop();
        Servers.startOnFreedPort(server);
        connect(server).echo(100);
    }
}
