package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A reset in any state affects only its own connection. */
@Setups
class ResetTest extends Scenarios {

    @Test
    void resetAfterConnect() throws IOException {
        EchoServer server = start();
        Peer bystander = connect(server);
        for (int i = 0; i < 200; i++) {
            connect(server).reset();
        }
        Servers.awaitClosed(server, CloseReason.RESET, 200);
        bystander.echo(1_000);
        assertThat(server.statistics().active()).isEqualTo(1);
    }

    @Test
    void resetAfterEcho() throws IOException {
        EchoServer server = start();
        Peer bystander = connect(server);
        for (Peer peer : connect(server, 100)) {
            peer.echo(10);
            peer.reset();
        }
        Servers.awaitClosed(server, CloseReason.RESET, 100);
        bystander.echo(1_000);
        assertThat(server.statistics().active()).isEqualTo(1);
    }

    @Test
    void resetAfterSending() throws IOException {
        EchoServer server = start();
        Peer bystander = connect(server);
        for (Peer peer : connect(server, 100)) {
            peer.send(50_000);
            peer.reset();
        }
        Servers.awaitClosed(server, CloseReason.RESET, 100);
        bystander.echo(1_000);
        assertThat(server.statistics().active()).isEqualTo(1);
        assertThat(server.statistics().pendingBytes()).isZero();
    }

    /** The server is not reading from the peer, so only the selector can report the reset. */
    @Test
    void resetWithBytesPending() throws IOException {
        EchoServer server = startTight();
        Peer bystander = connect(server);
        List<Peer> stalled = stalledPeers(server, 10);
        for (Peer peer : stalled) {
            peer.reset();
        }
        Servers.awaitClosed(server, CloseReason.RESET, stalled.size());
        assertThat(server.statistics().pendingBytes()).isZero();
        bystander.echo(1_000);
        assertThat(server.statistics().active()).isEqualTo(1);
    }

    @Test
    void resetAfterHalfClose() throws IOException {
        EchoServer server = start();
        Peer bystander = connect(server);
        for (Peer peer : connect(server, 200)) {
            peer.send(1_000);
            peer.endOutput();
            peer.reset();
        }
        Servers.awaitActive(server, 1);
        assertThat(
                        Servers.closed(server, CloseReason.RESET)
                                + Servers.closed(server, CloseReason.PEER))
                .isEqualTo(200);
        bystander.echo(1_000);
    }

    @Test
    void resetAfterHalfCloseWithBytesPending() throws IOException {
        EchoServer server = startTight();
        Peer bystander = connect(server);
        List<Peer> stalled = stalledPeers(server, 10);
        for (Peer peer : stalled) {
            peer.endOutput();
        }
        bystander.echo(1_000);
        assertThat(server.statistics().active()).isEqualTo(11);
        for (Peer peer : stalled) {
            peer.reset();
        }
        Servers.awaitClosed(server, CloseReason.RESET, stalled.size());
        assertThat(server.statistics().pendingBytes()).isZero();
        bystander.echo(1_000);
    }

    @Test
    void halfCloseWithBytesPendingAndNoReset() throws IOException {
        EchoServer server = startTight();
        List<Peer> stalled = stalledPeers(server, 10);
        for (Peer peer : stalled) {
            peer.endOutput();
        }
        for (Peer peer : stalled) {
            peer.receiveAllToEnd();
        }
        Servers.awaitClosed(server, CloseReason.PEER, stalled.size());
    }

    @Test
    void resetWhileDraining() throws IOException {
        EchoServer server = startTight();
        List<Peer> peers = new ArrayList<>(stalledPeers(server, 10));
        Peer fresh = connect(server);
        fresh.echo(100);
        var drained = Background.call(() -> server.drain(Duration.ofSeconds(60)));
        await().until(() -> server.state() == EchoServerState.DRAINING);
        fresh.echo(100);
        fresh.reset();
        for (Peer peer : peers) {
            peer.reset();
        }
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.RESET, 11);
    }

    @Test
    @Tag("slow")
    void resetWhileLingering() throws IOException {
        EchoServer server = start();
        List<Peer> peers = connect(server, 10);
        for (Peer peer : peers) {
            peer.echo(100);
        }
        var drained = Background.call(() -> server.drain(Duration.ofSeconds(60)));
        for (Peer peer : peers) {
            peer.expectEnd();
        }
        assertThat(server.statistics().active()).isEqualTo(10);
        for (Peer peer : peers) {
            peer.reset();
        }
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.RESET, 10);
    }
}
