package io.epollecho.server;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/** Urgent data that arrives before the connection is accepted breaks the handshake. */
@Setups(except = Backend.JDK_LEVEL, transports = Transport.TLS)
class EarlyUrgentDataOverTlsTest extends Scenarios {

    @Test
    void urgentBytesBeforeTheConnectionIsAccepted() throws IOException {
        EchoServer server = start();
        Peer bystander = connect(server);
        Peer peer = queue(server.localAddress());
        peer.sendRawUrgent(UrgentDataOverTlsTest.DAMAGE);
        peer.sendRawUrgent(UrgentDataOverTlsTest.DAMAGE);
        peer.sendRaw(new byte[UrgentDataOverTlsTest.REST_OF_HEADER]);
        Servers.awaitClosed(server, CloseReason.HANDSHAKE_FAILED, 1);
        bystander.echo(1_000);
    }
}
