package io.epollecho.epoll;

import static io.epollecho.epoll.Loopback.LONG;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.channels.SelectionKey.OP_READ;

import io.epollecho.Alone;
import io.epollecho.epoll.Loopback.Connection;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

@Timeout(60)
@Alone("knows which descriptor numbers the process opens next")
class DescriptorReuseTest {

    /**
     * Two connections are ready in the same batch. The action for the first one closes both and
     * registers two new connections, which get the same descriptors. The remaining event in the
     * batch belongs to the old connection.
     */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL_LEVEL", "EPOLL_EDGE"})
    void anEventOfAClosedConnectionNeverReachesTheNextOneOnItsDescriptor(
            ProviderUnderTest underTest) throws IOException {
        try (Loopback loopback = new Loopback(underTest.provider())) {
            reuseDescriptors(loopback);
        }
    }

    private static void reuseDescriptors(Loopback loopback) throws IOException {
        Selector selector = loopback.selector;
        for (int round = 0; round < 50; round++) {
            Map<SelectionKey, SocketChannel> old = new HashMap<>();
            for (int i = 0; i < 2; i++) {
                Connection connection = loopback.connect();
                old.put(connection.channel().register(selector, OP_READ), connection.channel());
                connection.send("x");
                loopback.awaitReady(connection.channel(), OP_READ);
            }
            List<Socket> peers = List.of(loopback.connectPeerOnly(), loopback.connectPeerOnly());
            List<Integer> descriptors =
                    old.values().stream().map(DescriptorReuseTest::descriptor).toList();
            List<SelectionKey> replacements = new ArrayList<>();
            List<SelectionKey> seen = new ArrayList<>();
            selector.select(
                    key -> {
                        seen.add(key);
                        if (replacements.isEmpty()) {
                            try {
                                for (SocketChannel channel : old.values()) {
                                    channel.close();
                                }
                                for (int i = 0; i < peers.size(); i++) {
                                    SocketChannel channel = loopback.accept();
                                    assertThat(descriptor(channel)).isIn(descriptors);
                                    replacements.add(channel.register(selector, OP_READ));
                                }
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            }
                        }
                    });
            assertThat(seen).hasSize(1);
            assertThat(old.keySet()).containsAll(seen);
            assertThat(selector.selectNow(seen::add)).isZero();
            peers.getFirst().getOutputStream().write('x');
            assertThat(selector.select(LONG)).isOne();
            assertThat(selector.selectedKeys()).containsExactly(replacements.getFirst());
            selector.selectedKeys().clear();
            for (SelectionKey key : replacements) {
                key.channel().close();
            }
        }
    }

    private static int descriptor(SocketChannel channel) {
        return ((EpollSocketChannel) channel).tcpSocket().fd();
    }
}
