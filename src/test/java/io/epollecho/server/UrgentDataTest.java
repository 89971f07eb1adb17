package io.epollecho.server;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.Random;

/** Urgent data is echoed in its place among the other bytes. */
@Setups(transports = {Transport.PLAIN, Transport.PROXY, Transport.TWO_LISTENERS})
class UrgentDataTest extends Scenarios {

    /**
     * Without SO_OOBINLINE, the kernel removes the urgent byte. Each urgent byte also ends a read
     * early.
     */
    @Test
    void urgentByteKeepsItsPlace() throws IOException {
        EchoServer server = start();
        Peer peer = connect(server);
        peer.echo(1);
        var random = new Random(13);
        for (int i = 0; i < 500; i++) {
            peer.send(random.nextInt(3_000));
            peer.sendUrgent();
            peer.send(random.nextInt(3_000));
            peer.receive(peer.sent() - peer.received());
        }
        peer.send(1_000);
        peer.sendUrgent();
        peer.endOutput();
        peer.receiveAllToEnd();
    }

    /** The bytes before and after the urgent byte arrive before the server reads any of them. */
    @Test
    void urgentByteInTheMiddleOfABacklog() throws IOException {
        EchoServer server = startTight();
        Peer peer = stalledPeer(server);
        peer.send(10_000);
        peer.sendUrgent();
        peer.send(10_000);
        peer.receive(peer.sent());
        peer.echo(1);
        peer.endOutput();
        peer.expectEnd();
    }
}
