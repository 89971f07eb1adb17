package io.epollecho.server;

import org.junit.jupiter.api.Test;

/**
 * Urgent data that arrives before the connection is accepted. The JDK's listening sockets cannot
 * keep it in its place.
 */
@Setups(
        except = Backend.JDK_LEVEL,
        transports = {Transport.PLAIN, Transport.PROXY, Transport.TWO_LISTENERS})
class EarlyUrgentDataTest extends Scenarios {

    /**
     * If SO_OOBINLINE is not set before the connection is accepted, the kernel removes the first
     * urgent byte when the second one arrives. The JDK's listening sockets do not support this
     * option.
     */
    @Test
    void urgentBytesBeforeTheConnectionIsAccepted() throws Exception {
        var faulty = new FaultyProvider(selector().provider());
        EchoServer server = start(settings -> settings.selector(faulty.as(selector())));
        FaultyProvider.FaultySelector acceptorsSelector = faulty.selectors().getFirst();
        acceptorsSelector.hold();
        Peer peer = queue(server.localAddress());
        peer.sendUrgent();
        peer.sendUrgent();
        acceptorsSelector.release();
        peer.endOutput();
        peer.receiveAllToEnd();
    }
}
