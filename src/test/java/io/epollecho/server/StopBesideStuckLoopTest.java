package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.epoll.EpollSelectorProvider;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** A server is stopped while the loop with its acceptors is stuck. */
@Tag("slow")
@Timeout(60)
class StopBesideStuckLoopTest {

    @Test
    void theNextServerCanListenOnThePort() throws Exception {
        var provider = new FaultyProvider(EpollSelectorProvider.edgeTriggered());
        EchoServerConfig.Builder settings =
                EchoServerConfig.builder()
                        .selector(SelectorBackend.of("faulty", provider))
                        .address(InetAddress.getLoopbackAddress());
        var stuck = EchoServer.start(settings.port(0).build());
        InetSocketAddress address = stuck.localAddress();
        FaultyProvider.FaultySelector selector = provider.selectors().getFirst();
        selector.hold();
        try {
            stuck.stop();
            assertThat(stuck.state()).isEqualTo(EchoServerState.STOPPED);
            try (EchoServer next = EchoServer.start(settings.port(address.getPort()).build());
                    var peer = new Peer(1, next.localAddress(), null, 0, 0)) {
                peer.echo(1_000);
            }
        } finally {
            selector.release();
        }
    }
}
