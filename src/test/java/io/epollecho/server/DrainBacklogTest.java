package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;

/** A drain accepts the connections of the backlog and serves them like the others. */
@Setups(transports = {Transport.PLAIN, Transport.PROXY, Transport.TWO_LISTENERS})
class DrainBacklogTest extends Scenarios {

    private static final Duration LONG = Duration.ofSeconds(60);

    /**
     * The backlog holds more connections than are accepted per turn, and the drain serves them all.
     */
    @Test
    @Tag("slow")
    void drainServesTheBacklog() throws Exception {
        var faulty = new FaultyProvider(selector().provider());
        EchoServer server = start(settings -> settings.selector(faulty.as(selector())));
        FaultyProvider.FaultySelector acceptorsSelector = faulty.selectors().getFirst();
        acceptorsSelector.hold();
        List<Peer> peers = queue(server.localAddress(), 300);
        for (Peer peer : peers) {
            peer.send(1_000);
        }
        Future<Boolean> drained = Servers.drain(server, LONG);
        assertThat(server.statistics().accepted()).isZero();
        acceptorsSelector.release();
        for (Peer peer : peers) {
            peer.receiveAllToEnd();
            peer.close();
        }
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.DRAIN, 300);
    }

    /** Linux queues one connection more than the backlog. */
    @Test
    @Tag("slow")
    void drainServesAFullBacklog() throws Exception {
        int backlog = 8;
        FaultyProvider faulty = faultyProvider();
        EchoServer server = start(faulty, settings -> settings.backlog(backlog));
        FaultyProvider.FaultySelector acceptorsSelector = faulty.selectors().getFirst();
        acceptorsSelector.hold();
        List<Peer> peers = queue(server.localAddress(), backlog + 1);
        for (Peer peer : peers) {
            peer.send(1_000);
        }
        Future<Boolean> drained = Servers.drain(server, LONG);
        acceptorsSelector.spin(); // reports nothing, so only the drain accepts
        acceptorsSelector.release();
        for (Peer peer : peers) {
            peer.receiveAllToEnd();
            peer.close();
        }
        assertThat(Background.get(drained)).isTrue();
        Servers.assertClosed(server, CloseReason.DRAIN, backlog + 1);
    }
}
