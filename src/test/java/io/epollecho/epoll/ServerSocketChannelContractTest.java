package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import static java.nio.channels.SelectionKey.OP_ACCEPT;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.List;
import java.util.concurrent.Callable;

/** The contract of {@link ServerSocketChannel}, tested on every provider. */
@ParameterizedClass
@EnumSource(ProviderUnderTest.class)
@Timeout(60)
@SuppressWarnings("AddressSelection") // literal addresses
class ServerSocketChannelContractTest {

    private final ProviderUnderTest underTest;

    private Loopback loopback;

    ServerSocketChannelContractTest(ProviderUnderTest underTest) {
        this.underTest = underTest;
    }

    @BeforeEach
    void open() throws IOException {
        loopback = new Loopback(underTest.provider());
    }

    @AfterEach
    void close() throws IOException {
        loopback.close();
    }

    private ServerSocketChannel unbound() throws IOException {
        ServerSocketChannel channel = loopback.closing(loopback.provider.openServerSocketChannel());
        channel.configureBlocking(false);
        return channel;
    }

    @Test
    void acceptReturnsNullIfNoConnectionIsPending() throws IOException {
        assertThat(loopback.listener.accept()).isNull();
    }

    @Test
    void anAcceptedChannelIsConnectedAndInBlockingMode() throws IOException {
        Socket peer = loopback.connectPeerOnly();
        SocketChannel channel = loopback.acceptBlocking();
        assertThat(channel.isConnected()).isTrue();
        assertThat(channel.isBlocking()).isTrue();
        assertThat(channel.provider()).isSameAs(loopback.provider);
        assertThat(channel.getRemoteAddress()).isEqualTo(peer.getLocalSocketAddress());
        assertThat(channel.getLocalAddress()).isEqualTo(peer.getRemoteSocketAddress());
    }

    @Test
    void aConnectionResetBeforeItsAcceptDoesNotAffectOthers() throws IOException {
        Socket gone = loopback.connectPeerOnly();
        gone.setSoLinger(true, 0);
        gone.close();
        Socket here = loopback.connectPeerOnly();
        SocketChannel channel;
        do {
            channel = loopback.accept();
        } while (!channel.getRemoteAddress().equals(here.getLocalSocketAddress()));
        here.getOutputStream().write('x');
        assertThat(loopback.read(channel, 1)).isEqualTo("x");
    }

    @Test
    void bindsOnceAndReturnsItsAddress() throws IOException {
        ServerSocketChannel channel = unbound();
        assertThat(channel.getLocalAddress()).isNull();
        assertThatExceptionOfType(NotYetBoundException.class).isThrownBy(channel::accept);

        assertThat(channel.bind(null)).isSameAs(channel);

        InetSocketAddress local = (InetSocketAddress) channel.getLocalAddress();
        assertThat(local.getPort()).isPositive();
        assertThat(local.getAddress().isAnyLocalAddress()).isTrue();
        assertThatExceptionOfType(AlreadyBoundException.class).isThrownBy(() -> channel.bind(null));
    }

    @Test
    void everyWildcardAddressAcceptsBothProtocols() throws IOException {
        for (SocketAddress wildcard :
                List.of(
                        new InetSocketAddress(0),
                        new InetSocketAddress("0.0.0.0", 0),
                        new InetSocketAddress("::", 0))) {
            try (Loopback any = new Loopback(loopback.provider, wildcard)) {
                assertThat(any.address().getAddress()).isEqualTo(InetAddress.getByName("::"));
                for (String host : List.of("127.0.0.1", "::1")) {
                    try (Socket peer = new Socket(host, any.address().getPort())) {
                        SocketChannel channel = any.accept();
                        assertThat(channel.getRemoteAddress())
                                .isEqualTo(peer.getLocalSocketAddress());
                        assertThat(channel.getLocalAddress())
                                .isEqualTo(peer.getRemoteSocketAddress());
                        assertThat(((InetSocketAddress) channel.getRemoteAddress()).getAddress())
                                .isInstanceOf(
                                        host.equals("::1")
                                                ? Inet6Address.class
                                                : Inet4Address.class);
                    }
                }
            }
        }
    }

    @Test
    void aProtocolFamilyMayBeRequested() throws IOException {
        try (ServerSocketChannel inet =
                loopback.provider.openServerSocketChannel(StandardProtocolFamily.INET)) {
            inet.bind(null);
            assertThat(((InetSocketAddress) inet.getLocalAddress()).getAddress())
                    .isEqualTo(InetAddress.getByName("0.0.0.0"));
        }
        try (ServerSocketChannel inet =
                loopback.provider.openServerSocketChannel(StandardProtocolFamily.INET)) {
            assertThatExceptionOfType(UnsupportedAddressTypeException.class)
                    .isThrownBy(() -> inet.bind(new InetSocketAddress("::1", 0)));
        }
        try (ServerSocketChannel inet6 =
                loopback.provider.openServerSocketChannel(StandardProtocolFamily.INET6)) {
            inet6.bind(new InetSocketAddress("127.0.0.1", 0));
            assertThat(((InetSocketAddress) inet6.getLocalAddress()).getAddress())
                    .isEqualTo(InetAddress.getByName("127.0.0.1"));
        }
    }

    @Test
    void bindErrorsAreThoseOfTheSystem() throws IOException {
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> unbound().bind(loopback.address()))
                .withMessage("Address already in use");
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> unbound().bind(new InetSocketAddress("192.0.2.1", 0)))
                .withMessage("Cannot assign requested address");
        assertThatExceptionOfType(UnresolvedAddressException.class)
                .isThrownBy(() -> unbound().bind(InetSocketAddress.createUnresolved("nowhere", 0)));
        assertThatExceptionOfType(UnsupportedAddressTypeException.class)
                .isThrownBy(() -> unbound().bind(UnixDomainSocketAddress.of("/tmp/nothing")));
    }

    @Test
    void aPortMayBeBoundAgainImmediately() throws IOException {
        Loopback.Connection connection = loopback.connect();
        InetSocketAddress address = loopback.address();
        connection.channel().close();
        assertThat(connection.peer().getInputStream().read()).isEqualTo(-1);
        loopback.listener.close();
        // The connection is now in TIME_WAIT or FIN_WAIT, which SO_REUSEADDR ignores.
        assertThat(unbound().bind(address).getLocalAddress()).isEqualTo(address);
    }

    @Test
    void connectionsInheritTheListenersOptions() throws IOException {
        loopback.listener.setOption(StandardSocketOptions.SO_RCVBUF, 20_000);
        assertThat(loopback.listener.getOption(StandardSocketOptions.SO_RCVBUF)).isEqualTo(20_000);
        assertThat(loopback.connect().channel().getOption(StandardSocketOptions.SO_RCVBUF))
                .isEqualTo(20_000);
        assertThat(loopback.listener.getOption(StandardSocketOptions.SO_REUSEADDR)).isTrue();
        loopback.listener.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        assertThat(loopback.listener.getOption(StandardSocketOptions.SO_REUSEPORT)).isTrue();
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> loopback.listener.setOption(StandardSocketOptions.SO_LINGER, 1));
    }

    @Test
    void aClosedChannelRefusesEverything() throws IOException {
        ServerSocketChannel channel = loopback.listener;
        SocketAddress address = channel.getLocalAddress();
        channel.close();
        assertThat(channel.isOpen()).isFalse();
        for (Callable<?> use :
                List.<Callable<?>>of(
                        channel::accept,
                        () -> channel.bind(null),
                        channel::getLocalAddress,
                        () -> channel.getOption(StandardSocketOptions.SO_RCVBUF))) {
            assertThatExceptionOfType(ClosedChannelException.class).isThrownBy(use::call);
        }
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(
                        () -> {
                            try (Socket socket = new Socket()) {
                                socket.connect(address);
                            }
                        });
        assertThat(channel.validOps()).isEqualTo(OP_ACCEPT);
    }

    @Test
    void aThousandConnectionsAreAcceptedInOrderOfArrival() throws IOException {
        for (int i = 0; i < 1000; i++) {
            loopback.closing(loopback.connectPeerOnly()).getOutputStream().write(i & 0x7f);
        }
        for (int i = 0; i < 1000; i++) {
            SocketChannel channel = loopback.accept();
            loopback.awaitReady(channel, java.nio.channels.SelectionKey.OP_READ);
            ByteBuffer buffer = ByteBuffer.allocate(1);
            channel.read(buffer);
            assertThat(buffer.get(0)).isEqualTo((byte) (i & 0x7f));
        }
    }
}
