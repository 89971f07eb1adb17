package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_READ;

import io.epollecho.Alone;
import io.epollecho.ChildJvm;
import io.epollecho.epoll.Loopback.Connection;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.IllegalSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/** The differences between this provider and the JDK's, and the platforms that support it. */
@Timeout(60)
@Tag("slow")
@Alone("counts the descriptors of the process")
class EpollSelectorProviderTest {

    private static final SelectorProvider LEVEL = EpollSelectorProvider.levelTriggered();
    private static final SelectorProvider EDGE = EpollSelectorProvider.edgeTriggered();

    @Test
    void thereIsOneProviderForEachTriggerMode() {
        assertThat(EpollSelectorProvider.levelTriggered()).isSameAs(LEVEL);
        assertThat(EpollSelectorProvider.levelTriggered().isEdgeTriggered()).isFalse();
        assertThat(EpollSelectorProvider.edgeTriggered()).isSameAs(EDGE);
        assertThat(EpollSelectorProvider.edgeTriggered().isEdgeTriggered()).isTrue();
    }

    @Test
    void aSelectorRefusesChannelsOfTheOtherTriggerMode() throws IOException {
        try (Loopback level = new Loopback(LEVEL);
                Loopback edge = new Loopback(EDGE)) {
            assertThatExceptionOfType(IllegalSelectorException.class)
                    .isThrownBy(() -> level.listener.register(edge.selector, OP_ACCEPT));
            assertThatExceptionOfType(IllegalSelectorException.class)
                    .isThrownBy(() -> edge.listener.register(level.selector, OP_ACCEPT));
        }
    }

    @Test
    void unavailabilityNamesTheUnsupportedMachine() {
        assertThat(EpollSelectorProvider.unavailability()).isEmpty();
        assertThat(EpollSelectorProvider.unavailability("Mac OS X", "aarch64"))
                .hasValue("epoll requires Linux, but this is Mac OS X.");
        assertThat(EpollSelectorProvider.unavailability("Linux", "s390x"))
                .hasValue("epoll is supported on x86-64 (amd64) and aarch64, but this is s390x.");
        assertThat(EpollSelectorProvider.unavailability("Linux", "aarch64")).isEmpty();
    }

    @Test
    void epollIsAvailableWithoutAWarningIfNativeAccessIsEnabled() throws Exception {
        assertThat(probe("--enable-native-access=ALL-UNNAMED"))
                .containsExactly("available", "/0:0:0:0:0:0:0:0");
        assertThat(probe("--enable-native-access=ALL-UNNAMED", "--illegal-native-access=deny"))
                .containsExactly("available", "/0:0:0:0:0:0:0:0");
    }

    @Test
    void epollIsAvailableWithAWarningOfTheVirtualMachineIfNativeAccessIsNotEnabled()
            throws Exception {
        List<String> lines = probe();
        assertThat(lines).endsWith("available", "/0:0:0:0:0:0:0:0");
        assertThat(lines.subList(0, lines.size() - 2))
                .isNotEmpty()
                .allMatch(line -> line.isEmpty() || line.startsWith("WARNING: "))
                .filteredOn(line -> line.contains("A restricted method"))
                .hasSize(1);
    }

    @Test
    void theReasonNamesTheRemedyIfNativeAccessIsDenied() throws Exception {
        assertThat(probe("--illegal-native-access=deny"))
                .containsExactly(
                        "epoll requires native access, which is denied."
                                + " Start Java with --enable-native-access=ALL-UNNAMED.",
                        "the provider is refused for the same reason");
    }

    @Test
    void ipv4CanBePreferred() throws Exception {
        assertThat(probe("--enable-native-access=ALL-UNNAMED", "-Djava.net.preferIPv4Stack=true"))
                .containsExactly("available", "/0.0.0.0");
    }

    private static List<String> probe(String... options) throws Exception {
        return ChildJvm.runWithOnly(List.of(options), Probe.class, List.of());
    }

    /** Runs in a separate virtual machine. */
    static final class Probe {

        private Probe() {}

        public static void main(String[] args) throws IOException {
            String unavailability = EpollSelectorProvider.unavailability().orElse("available");
            System.out.println(unavailability);
            if (EpollSelectorProvider.unavailability().isPresent()) {
                try {
                    EpollSelectorProvider.edgeTriggered();
                } catch (UnsupportedOperationException e) {
                    assertThat(e).hasMessage(unavailability);
                    System.out.println("the provider is refused for the same reason");
                }
            } else {
                try (ServerSocketChannel channel =
                        EpollSelectorProvider.edgeTriggered().openServerSocketChannel()) {
                    channel.bind(null);
                    System.out.println(
                            ((InetSocketAddress) channel.getLocalAddress()).getAddress());
                }
            }
        }
    }

    @Test
    void protocolsOtherThanTcpAreRefused() {
        for (Callable<?> use :
                List.<Callable<?>>of(
                        LEVEL::openPipe,
                        LEVEL::openDatagramChannel,
                        () -> LEVEL.openDatagramChannel(StandardProtocolFamily.INET),
                        () -> LEVEL.openSocketChannel(StandardProtocolFamily.UNIX),
                        () -> LEVEL.openServerSocketChannel(StandardProtocolFamily.UNIX))) {
            assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(use::call);
        }
    }

    @Test
    void blockingModeIsRefused() throws IOException {
        try (Loopback loopback = new Loopback(LEVEL)) {
            loopback.connectPeerOnly();
            SocketChannel accepted = loopback.acceptBlocking();
            SocketChannel fresh = loopback.closing(LEVEL.openSocketChannel());
            ServerSocketChannel listener = loopback.closing(LEVEL.openServerSocketChannel());
            listener.bind(null);
            for (Callable<?> use :
                    List.<Callable<?>>of(
                            () -> accepted.read(ByteBuffer.allocate(1)),
                            () -> accepted.read(ByteBuffer.allocateDirect(1)),
                            () -> accepted.read(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                            () -> accepted.write(ByteBuffer.allocate(1)),
                            () -> accepted.write(ByteBuffer.allocateDirect(1)),
                            () -> accepted.write(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                            () -> fresh.connect(loopback.address()),
                            listener::accept)) {
                assertThatExceptionOfType(IllegalBlockingModeException.class).isThrownBy(use::call);
            }
            assertThat(fresh.isOpen()).isTrue();
            accepted.configureBlocking(false);
            assertThat(accepted.read(ByteBuffer.allocate(1))).isZero();
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(() -> accepted.configureBlocking(true));
            assertThat(accepted.isBlocking()).isFalse();
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(accepted::socket);
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(listener::socket);
        }
    }

    @Test
    void connectionsInheritTheOptionsOfTheirListener() throws IOException {
        try (Loopback loopback = new Loopback(EDGE)) {
            var inline = SocketChannelContractTest.outOfBandInline(loopback.listener);
            for (var option :
                    List.of(
                            inline,
                            StandardSocketOptions.TCP_NODELAY,
                            StandardSocketOptions.SO_KEEPALIVE)) {
                assertThat(loopback.connect().channel().getOption(option)).isFalse();
                loopback.listener.setOption(option, true);
                assertThat(loopback.listener.getOption(option)).isTrue();
                assertThat(loopback.connect().channel().getOption(option)).isTrue();
            }
        }
    }

    @Test
    void descriptorsAreFreedAfterManyConnections() throws IOException {
        for (SelectorProvider provider : List.of(LEVEL, EDGE)) {
            churn(provider, 1); // loads the classes and libraries that open files
            int before = descriptors();
            churn(provider, 1000);
            // There may be fewer if leftovers of other tests in this process have ended meanwhile.
            assertThat(descriptors()).isLessThanOrEqualTo(before);
        }
    }

    private static void churn(SelectorProvider provider, int connections) throws IOException {
        try (Loopback loopback = new Loopback(provider)) {
            for (int i = 0; i < connections; i++) {
                Connection connection = loopback.connect();
                SelectionKey key = connection.channel().register(loopback.selector, OP_READ);
                connection.send("x");
                assertThat(loopback.selector.select(ready -> {}, Loopback.LONG)).isOne();
                if (i % 3 == 0) {
                    key.cancel();
                } else if (i % 3 == 1) {
                    connection.reset();
                }
                connection.channel().close();
                connection.peer().close();
            }
            loopback.selector.selectNow();
            assertThat(loopback.selector.keys()).isEmpty();
        }
    }

    private static int descriptors() {
        return Path.of("/proc/self/fd").toFile().list().length;
    }
}
