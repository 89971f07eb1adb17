package io.epollecho.server;

import org.junit.jupiter.api.Test;

/** What the JDK's channels cannot do. */
interface EpollScenarios extends Backend {

    /**
     * Without SO_OOBINLINE from the very start the kernel takes the first byte out when the second
     * one comes. The JDK's listening sockets cannot be given it.
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
