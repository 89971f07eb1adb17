package io.epollecho.server;

import static io.epollecho.server.Background.await;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/** The scenarios over TLS on epoll. */
interface EpollTlsScenarios extends TlsScenarios, EpollScenarios {

    @Test
    @Override
    default void urgentBytesBeforeTheConnectionIsAccepted() throws IOException {
        EchoServer server = start();
        Peer bystander = connect(server);
        Peer peer = queue(server.localAddress());
        peer.sendRawUrgent(DAMAGE);
        peer.sendRawUrgent(DAMAGE);
        peer.sendRaw(new byte[REST_OF_HEADER]);
        await().until(() -> Backend.closed(server, CloseReason.HANDSHAKE_FAILED) == 1);
        bystander.echo(1_000);
    }
}
