package io.epollecho.server;

import org.junit.jupiter.api.Test;

/** Scenarios that the JDK's channels do not support. */
interface EpollScenarios extends Backend {

    /**
     * If SO_OOBINLINE is not set before the connection is accepted, the kernel removes the first
     * urgent byte when the second one arrives. The JDK's listening sockets do not support this
     * option.
     */
    @Test
    default void urgentBytesBeforeTheConnectionIsAccepted() throws Exception {
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
