package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

import java.io.IOException;

import javax.net.ssl.SSLException;

/**
 * Urgent data does not exist over TLS: the urgent byte ends up between or inside records and breaks
 * the connection.
 */
@Setups(transports = Transport.TLS)
class UrgentDataOverTlsTest extends Scenarios {

    /** A byte that is not a valid record type. */
    static final int DAMAGE = 0xFF;

    /** The length of a record header without the type. */
    static final int REST_OF_HEADER = 4;

    @Test
    void urgentByteKeepsItsPlace() throws IOException {
        EchoServer server = start();
        Peer bystander = connect(server);
        Peer peer = connect(server);
        peer.echo(1_000);
        peer.sendRawUrgent(DAMAGE);
        peer.sendRaw(new byte[REST_OF_HEADER]);
        assertThatExceptionOfType(SSLException.class).isThrownBy(peer::expectEnd);
        Servers.awaitClosed(server, CloseReason.TLS_ERROR, 1);
        bystander.echo(1_000);
    }

    /** Everything that arrived before the damage is echoed. */
    @Test
    void urgentByteInTheMiddleOfABacklog() throws IOException {
        EchoServer server = startTight();
        Peer bystander = connect(server);
        Peer peer = stalledPeer(server);
        peer.sendRawUrgent(DAMAGE);
        peer.sendRaw(new byte[REST_OF_HEADER]);
        peer.receive(STALLING);
        assertThatExceptionOfType(SSLException.class).isThrownBy(peer::expectEnd);
        Servers.awaitClosed(server, CloseReason.TLS_ERROR, 1);
        bystander.echo(1_000);
    }
}
