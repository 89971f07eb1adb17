package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

/** A drain accepts the connections of the backlog and closes those without a handshake. */
@Setups(transports = Transport.TLS)
class DrainBacklogOverTlsTest extends Scenarios {

    private static final Duration LONG = Duration.ofSeconds(60);

    /**
     * The bytes in the backlog do not complete a handshake, and a drain does not wait for the rest.
     */
    @Test
    @Tag("slow")
    void drainServesTheBacklog() throws Exception {
        FaultyProvider faulty = faultyProvider();
        EchoServer server = start(faulty);
        FaultyProvider.FaultySelector acceptorsSelector = faulty.selectors().getFirst();
        acceptorsSelector.hold();
        List<Peer> peers = queue(server.localAddress(), 300);
        var drained = Servers.drain(server, LONG);
        acceptorsSelector.release();
        for (Peer peer : peers) {
            transport().complete(peer);
            peer.leave();
            peer.close();
        }
        assertThat(drained).succeedsWithin(Duration.ofSeconds(5)).isEqualTo(true);
        assertThat(
                        Servers.closed(server, CloseReason.DRAIN)
                                + Servers.closed(server, CloseReason.PEER))
                .isEqualTo(300);
    }

    /** The queued connections are closed without loss, because nothing was sent on them. */
    @Test
    @Tag("slow")
    void drainServesAFullBacklog() throws Exception {
        int backlog = 8;
        FaultyProvider faulty = faultyProvider();
        EchoServer server = start(faulty, settings -> settings.backlog(backlog));
        FaultyProvider.FaultySelector acceptorsSelector = faulty.selectors().getFirst();
        acceptorsSelector.hold();
        List<Peer> peers = queue(server.localAddress(), backlog + 1);
        var drained = Servers.drain(server, LONG);
        acceptorsSelector.spin(); // reports nothing, so only the drain accepts
        acceptorsSelector.release();
        assertThat(drained).succeedsWithin(Duration.ofSeconds(5)).isEqualTo(true);
        for (Peer peer : peers) {
            transport().complete(peer);
            peer.expectRefusal();
        }
        Servers.assertClosed(server, CloseReason.DRAIN, backlog + 1);
    }
}
