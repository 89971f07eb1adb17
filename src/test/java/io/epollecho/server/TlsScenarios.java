package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

import javax.net.ssl.SSLException;

/**
 * The scenarios over TLS, where urgent data does not exist: the urgent byte ends up between or
 * inside records and breaks the connection.
 */
interface TlsScenarios extends EchoScenarios, DrainScenarios {

    /** A byte that is not a valid record type. */
    int DAMAGE = 0xFF;

    /** The length of a record header without the type. */
    int REST_OF_HEADER = 4;

    @Override
    default Transport transport() {
        return Transport.TLS;
    }

    @Test
    @Override
    default void urgentByteKeepsItsPlace() throws IOException {
        EchoServer server = start();
        Peer bystander = connect(server);
        Peer peer = connect(server);
        peer.echo(1_000);
        peer.sendRawUrgent(DAMAGE);
        peer.sendRaw(new byte[REST_OF_HEADER]);
        assertThatExceptionOfType(SSLException.class).isThrownBy(peer::expectEnd);
        await().until(() -> Backend.closed(server, CloseReason.TLS_ERROR) == 1);
        bystander.echo(1_000);
    }

    /** Everything that arrived before the damage is echoed. */
    @Test
    @Override
    default void urgentByteInTheMiddleOfABacklog() throws IOException {
        EchoServer server = startTight();
        Peer bystander = connect(server);
        Peer peer = stalledPeer(server);
        peer.sendRawUrgent(DAMAGE);
        peer.sendRaw(new byte[REST_OF_HEADER]);
        peer.receive(STALLING);
        assertThatExceptionOfType(SSLException.class).isThrownBy(peer::expectEnd);
        await().until(() -> Backend.closed(server, CloseReason.TLS_ERROR) == 1);
        bystander.echo(1_000);
    }

    /**
     * The bytes in the backlog do not complete a handshake, and a drain does not wait for the rest.
     */
    @Test
    @Override
    default void drainServesTheBacklog() throws Exception {
        FaultyProvider faulty = faultyProvider();
        EchoServer server = start(faulty);
        FaultyProvider.FaultySelector acceptorsSelector = faulty.selectors().getFirst();
        acceptorsSelector.hold();
        List<Peer> peers = queue(server.localAddress(), 300);
        var drained = DrainScenarios.drain(server, LONG);
        acceptorsSelector.release();
        for (Peer peer : peers) {
            transport().complete(peer);
            peer.leave();
            peer.close();
        }
        assertThat(drained).succeedsWithin(Duration.ofSeconds(5)).isEqualTo(true);
        assertThat(
                        Backend.closed(server, CloseReason.DRAIN)
                                + Backend.closed(server, CloseReason.PEER))
                .isEqualTo(300);
    }

    /** The queued connections are closed without loss, because nothing was sent on them. */
    @Test
    @Override
    default void drainServesAFullBacklog() throws Exception {
        int backlog = 8;
        FaultyProvider faulty = faultyProvider();
        EchoServer server = start(faulty, settings -> settings.backlog(backlog));
        FaultyProvider.FaultySelector acceptorsSelector = faulty.selectors().getFirst();
        acceptorsSelector.hold();
        List<Peer> peers = queue(server.localAddress(), backlog + 1);
        var drained = DrainScenarios.drain(server, LONG);
        acceptorsSelector.spin(); // reports nothing, so only the drain accepts
        acceptorsSelector.release();
        assertThat(drained).succeedsWithin(Duration.ofSeconds(5)).isEqualTo(true);
        for (Peer peer : peers) {
            transport().complete(peer);
            peer.expectRefusal();
        }
        assertThat(Backend.closed(server, CloseReason.DRAIN)).isEqualTo(backlog + 1);
    }
}
