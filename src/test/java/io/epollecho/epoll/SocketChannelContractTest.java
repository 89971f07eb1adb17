package io.epollecho.epoll;

import static io.epollecho.epoll.Loopback.LONG;
import static io.epollecho.epoll.Loopback.bytes;
import static io.epollecho.epoll.Loopback.direct;
import static io.epollecho.epoll.Loopback.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.epollecho.epoll.Loopback.Connection;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.NoConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** The contract of {@link SocketChannel}, tested on every provider. */
@ParameterizedClass
@EnumSource(ProviderUnderTest.class)
@Timeout(60)
@SuppressWarnings("AddressSelection") // literal addresses
class SocketChannelContractTest {

    private final ProviderUnderTest underTest;

    private Loopback loopback;

    SocketChannelContractTest(ProviderUnderTest underTest) {
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

    // -- Connecting --

    @Test
    void connectsAndReportsEachState() throws IOException {
        SocketChannel channel = loopback.open();
        assertThat(channel.isConnected()).isFalse();
        assertThat(channel.isConnectionPending()).isFalse();
        assertThat(channel.getLocalAddress()).isNull();
        assertThat(channel.getRemoteAddress()).isNull();

        if (!channel.connect(loopback.address())) {
            assertThat(channel.isConnectionPending()).isTrue();
            assertThat(channel.isConnected()).isFalse();
            assertThat(channel.getRemoteAddress()).isEqualTo(loopback.address());
            assertThat(channel.getLocalAddress()).isNull();
            assertThatExceptionOfType(NotYetConnectedException.class)
                    .isThrownBy(() -> channel.read(bytes("x")));
            assertThatExceptionOfType(ConnectionPendingException.class)
                    .isThrownBy(() -> channel.connect(loopback.address()));
            assertThatExceptionOfType(ConnectionPendingException.class)
                    .isThrownBy(() -> channel.bind(null));
            assertThat(channel.isOpen()).isTrue();
            loopback.awaitReady(channel, OP_CONNECT);
            assertThat(channel.finishConnect()).isTrue();
        }

        assertThat(channel.isConnected()).isTrue();
        assertThat(channel.isConnectionPending()).isFalse();
        assertThat(channel.finishConnect()).isTrue();
        assertThatExceptionOfType(AlreadyConnectedException.class)
                .isThrownBy(() -> channel.connect(loopback.address()));
        assertThatExceptionOfType(AlreadyBoundException.class).isThrownBy(() -> channel.bind(null));
        SocketChannel accepted = loopback.accept();
        assertThat(accepted.getRemoteAddress()).isEqualTo(channel.getLocalAddress());
        assertThat(accepted.getLocalAddress()).isEqualTo(channel.getRemoteAddress());
        assertThat(accepted.isConnected()).isTrue();
    }

    @Test
    void aRefusedConnectionIsReportedByFinishConnectAndClosesTheChannel() throws IOException {
        InetSocketAddress nobody;
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = (InetSocketAddress) server.getLocalSocketAddress();
        }
        SocketChannel channel = loopback.open();
        assertThatExceptionOfType(ConnectException.class)
                .isThrownBy(
                        () -> {
                            channel.connect(nobody);
                            loopback.awaitReady(channel, OP_CONNECT);
                            channel.finishConnect();
                        })
                .withMessage("Connection refused");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void anUnreachablePeerIsReportedWithTheSystemsMessage() throws IOException {
        SocketChannel channel = loopback.open();
        assertThatExceptionOfType(SocketException.class)
                .isThrownBy(() -> channel.connect(new InetSocketAddress("255.255.255.255", 1)))
                .withMessage("Network is unreachable");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void theWildcardAddressAsPeerMeansThisMachine() throws IOException {
        for (String wildcard : List.of("0.0.0.0", "::")) {
            try (Loopback any = new Loopback(loopback.provider, new InetSocketAddress(0))) {
                SocketChannel channel = any.open();
                if (!channel.connect(new InetSocketAddress(wildcard, any.address().getPort()))) {
                    any.awaitReady(channel, OP_CONNECT);
                }
                assertThat(channel.finishConnect()).isTrue();
                InetSocketAddress peer = (InetSocketAddress) channel.getRemoteAddress();
                assertThat(peer.getAddress().isLoopbackAddress()).isTrue();
            }
        }
    }

    @Test
    void operationsBeforeTheConnectionAreRefused() throws IOException {
        SocketChannel channel = loopback.open();
        for (Callable<?> use :
                List.<Callable<?>>of(
                        () -> channel.read(ByteBuffer.allocate(1)),
                        () -> channel.read(ByteBuffer.allocateDirect(1)),
                        () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                        () -> channel.write(ByteBuffer.allocate(1)),
                        () -> channel.write(ByteBuffer.allocateDirect(1)),
                        () -> channel.write(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                        channel::shutdownInput,
                        channel::shutdownOutput)) {
            assertThatExceptionOfType(NotYetConnectedException.class).isThrownBy(use::call);
        }
        assertThatExceptionOfType(NoConnectionPendingException.class)
                .isThrownBy(channel::finishConnect);
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void addressesOfTheWrongKindAreRefused() throws IOException {
        SocketChannel channel = loopback.open();
        assertThatExceptionOfType(UnresolvedAddressException.class)
                .isThrownBy(
                        () -> channel.connect(InetSocketAddress.createUnresolved("nowhere", 1)));
        assertThatExceptionOfType(UnsupportedAddressTypeException.class)
                .isThrownBy(() -> channel.connect(UnixDomainSocketAddress.of("/tmp/nothing")));
        assertThatExceptionOfType(UnsupportedAddressTypeException.class)
                .isThrownBy(() -> channel.bind(UnixDomainSocketAddress.of("/tmp/nothing")));
        assertThatNullPointerException().isThrownBy(() -> channel.connect(null));
        try (SocketChannel inet =
                loopback.provider.openSocketChannel(StandardProtocolFamily.INET)) {
            inet.configureBlocking(false);
            assertThatExceptionOfType(UnsupportedAddressTypeException.class)
                    .isThrownBy(() -> inet.connect(new InetSocketAddress("::1", 1)));
        }
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void connectsFromTheAddressItIsBoundTo() throws IOException {
        SocketChannel channel = loopback.open();
        channel.bind(new InetSocketAddress("127.0.0.1", 0));
        InetSocketAddress local = (InetSocketAddress) channel.getLocalAddress();
        assertThat(local.getPort()).isPositive();
        assertThatExceptionOfType(AlreadyBoundException.class).isThrownBy(() -> channel.bind(null));

        channel.connect(loopback.address());

        assertThat(loopback.accept().getRemoteAddress()).isEqualTo(local);
    }

    // -- Reading and writing --

    @Test
    void aBoundChannelKnowsItsAddressWhileItConnects() throws IOException {
        SocketChannel channel = loopback.open();
        channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SocketAddress bound = channel.getLocalAddress();
        channel.connect(loopback.address());
        assertThat(channel.getLocalAddress()).isEqualTo(bound);
        loopback.awaitReady(channel, SelectionKey.OP_CONNECT);
        assertThat(channel.finishConnect()).isTrue();
        assertThat(channel.getLocalAddress()).isEqualTo(bound);
    }

    /** The peer reads nothing, so the bytes cannot be delivered during the close. */
    @Test
    void closingDoesNotLinger() throws IOException {
        Connection connection = loopback.connect();
        connection.channel().setOption(StandardSocketOptions.SO_LINGER, 30);
        ByteBuffer bytes = ByteBuffer.allocateDirect(1 << 16);
        while (connection.channel().write(bytes.clear()) > 0) {}
        connection.channel().register(loopback.selector, 0);
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> {
                    connection.channel().close();
                    loopback.selector.selectNow();
                });
    }

    @Test
    void aReadWithNothingToReadReturnsZero() throws IOException {
        SocketChannel channel = loopback.connect().channel();
        assertThat(channel.read(ByteBuffer.allocate(10))).isZero();
        assertThat(channel.read(ByteBuffer.allocateDirect(10))).isZero();
        assertThat(channel.read(new ByteBuffer[] {ByteBuffer.allocate(10)})).isZero();
    }

    @Test
    void everyKindOfBufferReceivesWhatWasSent() throws IOException {
        Connection connection = loopback.connect();
        try (Arena arena = Arena.ofConfined()) {
            for (ByteBuffer buffer :
                    List.of(
                            ByteBuffer.allocate(100),
                            ByteBuffer.allocateDirect(100),
                            ByteBuffer.allocate(200).slice(50, 100),
                            ByteBuffer.allocateDirect(200).slice(50, 100),
                            arena.allocate(100).asByteBuffer())) {
                buffer.put(bytes("abc")).limit(10);
                connection.send("defghijkl");
                loopback.awaitReady(connection.channel(), OP_READ);

                assertThat(connection.channel().read(buffer)).isEqualTo(7);

                assertThat(buffer.position()).isEqualTo(10);
                assertThat(buffer.limit()).isEqualTo(10);
                assertThat(text(buffer)).isEqualTo("abcdefghij");
                assertThat(loopback.read(connection.channel(), 100)).isEqualTo("kl");
            }
        }
    }

    @Test
    void everyKindOfBufferIsSentFromPositionToLimit() throws IOException {
        Connection connection = loopback.connect();
        try (Arena arena = Arena.ofConfined()) {
            for (ByteBuffer buffer :
                    List.of(
                            ByteBuffer.allocate(100),
                            ByteBuffer.allocateDirect(100),
                            ByteBuffer.allocate(200).slice(50, 100),
                            ByteBuffer.allocateDirect(200).slice(50, 100),
                            arena.allocate(100).asByteBuffer())) {
                buffer.put(bytes("abcdefghij")).position(2).limit(8);
                ByteBuffer source = (buffer.capacity() == 100) ? buffer.asReadOnlyBuffer() : buffer;

                assertThat(connection.channel().write(source)).isEqualTo(6);

                assertThat(source.position()).isEqualTo(8);
                assertThat(source.limit()).isEqualTo(8);
                assertThat(connection.receive(6)).isEqualTo("cdefgh");
            }
        }
    }

    @Test
    void aBufferOfAClosedArenaIsRefused() throws IOException {
        Connection connection = loopback.connect();
        connection.send("x");
        loopback.awaitReady(connection.channel(), OP_READ);
        ByteBuffer buffer;
        try (Arena arena = Arena.ofConfined()) {
            buffer = arena.allocate(10).asByteBuffer();
        }
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> connection.channel().read(buffer));
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> connection.channel().write(buffer));
    }

    @Test
    void aGatheringWriteKeepsTheOrderOfMixedBuffers() throws IOException {
        Connection connection = loopback.connect();
        ByteBuffer[] sources = {
            bytes("not this"),
            bytes("ab"),
            direct("cd"),
            bytes(""),
            direct(""),
            bytes("ef").asReadOnlyBuffer(),
            direct("gh"),
            bytes("nor this")
        };
        assertThat(connection.channel().write(sources, 1, 6)).isEqualTo(8);
        assertThat(connection.receive(8)).isEqualTo("abcdefgh");
        assertThat(sources[0].remaining()).isEqualTo(8);
        assertThat(sources[7].remaining()).isEqualTo(8);
        assertThat(Arrays.stream(sources, 1, 7)).noneMatch(ByteBuffer::hasRemaining);
    }

    @Test
    void aGatheringWriteSendsARepeatedBufferEachTimeAndTouchesNoOther() throws IOException {
        Connection connection = loopback.connect();
        for (boolean direct : new boolean[] {false, true}) {
            ByteBuffer x = bytes("xx");
            ByteBuffer a = direct ? direct("abc") : bytes("abc");
            ByteBuffer y = direct("yy");

            assertThat(connection.channel().write(new ByteBuffer[] {x, a, a, y}, 1, 2))
                    .isEqualTo(6);

            assertThat(connection.receive(6)).isEqualTo("abcabc");
            assertThat(List.of(x.position(), a.position(), y.position())).containsExactly(0, 3, 0);

            a.position(1);
            assertThat(connection.channel().write(new ByteBuffer[] {x, a, a, y})).isEqualTo(8);

            assertThat(connection.receive(8)).isEqualTo("xxbcbcyy");
            assertThat(List.of(x.position(), a.position(), y.position())).containsExactly(2, 3, 2);
        }
    }

    /** Uses more bytes and more buffers than one system call accepts on any provider. */
    @Test
    void aLargeBufferThatIsPassedTwiceIsSentTwice() throws Exception {
        for (boolean direct : new boolean[] {false, true}) {
            Connection connection = loopback.connect();
            byte[] content = new byte[100_000];
            for (int i = 0; i < content.length; i++) {
                content[i] = (byte) (i * 31 + i / 251);
            }
            ByteBuffer large =
                    direct
                            ? ByteBuffer.allocateDirect(content.length).put(content).flip()
                            : ByteBuffer.wrap(content);
            ByteBuffer[] sources = new ByteBuffer[100];
            Arrays.fill(sources, bytes("z"));
            sources[0] = large;
            sources[99] = large;
            int length = 2 * content.length + 98;
            Task<byte[]> receiving =
                    Task.start(() -> connection.peer().getInputStream().readNBytes(length));

            assertThat(connection.channel().write(sources)).isEqualTo(length);

            ByteBuffer expected = ByteBuffer.allocate(length);
            expected.put(content).put("z".repeat(98).getBytes(US_ASCII)).put(content);
            assertThat(receiving.result()).isEqualTo(expected.array());
            assertThat(large.position()).isEqualTo(content.length);
        }
    }

    @Test
    void aScatteringReadIntoABufferPassedTwiceTouchesNoOther() throws IOException {
        Connection connection = loopback.connect();
        ByteBuffer x = ByteBuffer.allocateDirect(2);
        ByteBuffer a = ByteBuffer.allocateDirect(3);
        ByteBuffer y = ByteBuffer.allocateDirect(2);
        connection.send("abcdef");
        loopback.awaitReady(connection.channel(), OP_READ);

        assertThat(connection.channel().read(new ByteBuffer[] {x, a, a, y}, 1, 2)).isEqualTo(6);

        assertThat(text(a)).isEqualTo("def");
        assertThat(List.of(x.position(), a.position(), y.position())).containsExactly(0, 3, 0);
    }

    @Test
    void aScatteringReadFillsMixedBuffersInOrder() throws IOException {
        Connection connection = loopback.connect();
        ByteBuffer[] targets = {
            ByteBuffer.allocate(1),
            ByteBuffer.allocate(2),
            ByteBuffer.allocateDirect(3),
            ByteBuffer.allocate(0),
            ByteBuffer.allocate(2),
            ByteBuffer.allocateDirect(9),
            ByteBuffer.allocate(1)
        };
        connection.send("abcdefghij");
        loopback.awaitReady(connection.channel(), OP_READ);
        assertThat(connection.channel().read(targets, 1, 5)).isEqualTo(10);
        assertThat(Arrays.stream(targets).map(Loopback::text))
                .containsExactly("", "ab", "cde", "", "fg", "hij", "");
    }

    @Test
    void manySmallBuffersAreTransferredAsOneSequence() throws IOException {
        Connection connection = loopback.connect();
        ByteBuffer[] sources = new ByteBuffer[3000];
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < sources.length; i++) {
            String text = Integer.toString(i);
            sources[i] = (i % 2 == 0) ? bytes(text) : direct(text);
            expected.append(text);
        }
        while (sources[sources.length - 1].hasRemaining()) {
            connection.channel().write(sources);
        }
        assertThat(connection.receive(expected.length())).isEqualTo(expected.toString());
    }

    @Test
    void emptyBuffersNeitherReadNorWriteNorEndTheStream() throws IOException {
        Connection connection = loopback.connect();
        SocketChannel channel = connection.channel();
        assertThat(channel.read(ByteBuffer.allocate(0))).isZero();
        assertThat(channel.write(ByteBuffer.allocate(0))).isZero();
        assertThat(channel.read(ByteBuffer.allocateDirect(0))).isZero();
        assertThat(channel.write(ByteBuffer.allocateDirect(0))).isZero();
        assertThat(channel.read(new ByteBuffer[0])).isZero();
        assertThat(channel.write(new ByteBuffer[0])).isZero();
        connection.peer().shutdownOutput();
        loopback.awaitReady(channel, OP_READ);
        assertThat(channel.read(ByteBuffer.allocate(0))).isZero();
        assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }

    @Test
    void unusableBuffersAreRefused() throws IOException {
        SocketChannel channel = loopback.connect().channel();
        ByteBuffer readOnly = ByteBuffer.allocate(1).asReadOnlyBuffer();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> channel.read(readOnly))
                .withMessage("Read-only buffer");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> channel.read(ByteBuffer.allocateDirect(1).asReadOnlyBuffer()));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(1), readOnly}));
        assertThatNullPointerException().isThrownBy(() -> channel.read((ByteBuffer) null));
        assertThatNullPointerException().isThrownBy(() -> channel.write((ByteBuffer) null));
        assertThatNullPointerException().isThrownBy(() -> channel.read(new ByteBuffer[1]));
        assertThatNullPointerException().isThrownBy(() -> channel.write(new ByteBuffer[1]));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> channel.read(new ByteBuffer[1], 1, 1));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> channel.write(new ByteBuffer[1], 0, 2));
    }

    @Test
    void bytesThatTheSocketDoesNotAcceptStayInTheBuffer() throws Exception {
        for (boolean direct : new boolean[] {false, true}) {
            Connection connection = loopback.connect();
            byte[] content = new byte[20_000_000];
            for (int i = 0; i < content.length; i++) {
                content[i] = (byte) (i * 31 + i / 251);
            }
            ByteBuffer source =
                    direct
                            ? ByteBuffer.allocateDirect(content.length)
                            : ByteBuffer.allocate(content.length);
            source.put(content).flip();
            while (connection.channel().write(source) > 0) {
                // fill the socket
            }
            assertThat(source.hasRemaining()).isTrue();

            FutureTask<byte[]> receiving =
                    new FutureTask<>(
                            () -> connection.peer().getInputStream().readNBytes(content.length));
            new Thread(receiving).start();
            while (source.hasRemaining()) {
                loopback.awaitReady(connection.channel(), OP_WRITE);
                connection.channel().write(source);
            }
            assertThat(receiving.get(LONG, TimeUnit.MILLISECONDS)).isEqualTo(content);
        }
    }

    @Test
    void aShortReadEmptiesTheSocketForEveryKindOfBuffer() throws Exception {
        int length = 300_000;
        for (boolean direct : new boolean[] {false, true}) {
            Connection connection = loopback.connect();
            connection.peer().setSendBufferSize(4 * length);
            FutureTask<Void> sending =
                    new FutureTask<>(
                            () -> {
                                connection.peer().getOutputStream().write(new byte[length]);
                                return null;
                            });
            new Thread(sending).start();
            int total = 0;
            ByteBuffer buffer =
                    direct ? ByteBuffer.allocateDirect(length) : ByteBuffer.allocate(length);
            while (total < length) {
                loopback.awaitReady(connection.channel(), OP_READ);
                total += connection.channel().read(buffer);
            }
            sending.get(LONG, TimeUnit.MILLISECONDS);
            assertThat(total).isEqualTo(length);
            assertThat(connection.channel().read(ByteBuffer.allocate(1))).isZero();
        }
    }

    // -- Ends of the connection --

    @Test
    void everyReadReturnsThePeersEndOfStreamWhileWritingContinues() throws IOException {
        Connection connection = loopback.connect();
        connection.send("last");
        connection.peer().shutdownOutput();
        assertThat(loopback.read(connection.channel(), 100)).isEqualTo("last");
        assertThat(loopback.read(connection.channel(), 100)).isEqualTo("<end>");
        assertThat(loopback.read(connection.channel(), 100)).isEqualTo("<end>");
        connection.channel().write(bytes("answer"));
        assertThat(connection.receive(6)).isEqualTo("answer");
    }

    @Test
    void shutdownOutputEndsTheStreamForThePeerOnly() throws IOException {
        Connection connection = loopback.connect();
        connection.channel().write(bytes("bye"));
        assertThat(connection.channel().shutdownOutput()).isSameAs(connection.channel());
        connection.channel().shutdownOutput();

        for (ByteBuffer source : List.of(bytes("x"), direct("x"), bytes(""), direct(""))) {
            assertThatThrownBy(() -> connection.channel().write(source))
                    .isExactlyInstanceOf(AsynchronousCloseException.class);
            assertThatThrownBy(() -> connection.channel().write(new ByteBuffer[] {source, source}))
                    .isExactlyInstanceOf(AsynchronousCloseException.class);
        }
        assertThatThrownBy(() -> connection.channel().write(new ByteBuffer[0]))
                .isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(connection.channel().isOpen()).isTrue();
        assertThat(connection.receive(10)).isEqualTo("bye");
        connection.send("hello");
        assertThat(loopback.read(connection.channel(), 10)).isEqualTo("hello");
    }

    @Test
    void shutdownInputReadsAsEndOfStream() throws IOException {
        Connection connection = loopback.connect();
        connection.channel().shutdownInput().shutdownInput();
        assertThat(connection.channel().read(ByteBuffer.allocate(1))).isEqualTo(-1);
        assertThat(connection.channel().read(ByteBuffer.allocateDirect(1))).isEqualTo(-1);
        connection.channel().write(bytes("x"));
        assertThat(connection.receive(1)).isEqualTo("x");
    }

    @Test
    void aResetIsReportedByEveryRead() throws IOException {
        ByteBuffer heap = ByteBuffer.allocate(1);
        ByteBuffer direct = ByteBuffer.allocateDirect(1);
        for (List<ByteBuffer> reads : List.of(List.of(heap, direct), List.of(direct, heap))) {
            Connection connection = loopback.connect();
            connection.reset();
            loopback.awaitReady(connection.channel(), OP_READ);
            for (ByteBuffer buffer : reads) {
                assertThatExceptionOfType(SocketException.class)
                        .isThrownBy(() -> connection.channel().read(buffer))
                        .withMessage("Connection reset");
            }
            assertThat(connection.channel().isOpen()).isTrue();
            connection.channel().shutdownOutput();
        }
    }

    @Test
    void aWriteReportsAResetAndThenABrokenPipe() throws IOException {
        for (boolean direct : new boolean[] {false, true}) {
            Connection connection = loopback.connect();
            connection.reset();
            loopback.awaitReady(connection.channel(), OP_WRITE | OP_READ);
            while (!isReset(connection)) {
                Thread.onSpinWait();
            }
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> connection.channel().write(direct ? direct("x") : bytes("x")))
                    .withMessage("Broken pipe");
        }
    }

    private static boolean isReset(Connection connection) throws IOException {
        try {
            connection.channel().write(bytes("x"));
            return false;
        } catch (IOException e) {
            assertThat(e).hasMessage("Connection reset by peer");
            return true;
        }
    }

    @Test
    void thePeersAddressIsKnownAfterAReset() throws IOException {
        Connection connection = loopback.connect();
        InetSocketAddress peer = (InetSocketAddress) connection.peer().getLocalSocketAddress();
        connection.reset();
        loopback.awaitReady(connection.channel(), OP_READ);
        assertThat(connection.channel().getRemoteAddress()).isEqualTo(peer);
        assertThat(connection.channel().getLocalAddress()).isEqualTo(loopback.address());
    }

    @Test
    void aClosedChannelRefusesEverything() throws IOException {
        SocketChannel channel = loopback.connect().channel();
        channel.close();
        channel.close();
        assertThat(channel.isOpen()).isFalse();
        assertThat(channel.isConnected()).isFalse();
        assertThat(channel.isConnectionPending()).isFalse();
        for (Callable<?> use :
                List.<Callable<?>>of(
                        () -> channel.read(ByteBuffer.allocate(1)),
                        () -> channel.read(ByteBuffer.allocateDirect(1)),
                        () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                        () -> channel.write(ByteBuffer.allocate(1)),
                        () -> channel.write(ByteBuffer.allocateDirect(1)),
                        () -> channel.write(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                        channel::shutdownInput,
                        channel::shutdownOutput,
                        channel::finishConnect,
                        () -> channel.connect(loopback.address()),
                        () -> channel.bind(null),
                        channel::getLocalAddress,
                        channel::getRemoteAddress,
                        () -> channel.configureBlocking(false),
                        () -> channel.getOption(StandardSocketOptions.TCP_NODELAY),
                        () -> channel.setOption(StandardSocketOptions.TCP_NODELAY, true))) {
            assertThatExceptionOfType(ClosedChannelException.class).isThrownBy(use::call);
        }
    }

    @Test
    void closingDuringReadsAndWritesDoesNotAffectOtherConnections() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        while (System.nanoTime() < end) {
            Connection closing = loopback.connect();
            SocketChannel channel = closing.channel();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread reader = user(failure, () -> channel.read(ByteBuffer.allocateDirect(16)));
            Thread writer = user(failure, () -> channel.write(direct("x")));
            channel.close();
            // This connection most probably gets the same descriptor number. It must not be read or
            // written.
            Connection next = loopback.connect();
            next.send("mine");
            reader.join();
            writer.join();
            assertThat(failure.get()).isNull();
            assertThat(loopback.read(next.channel(), 10)).isEqualTo("mine");
            next.channel().close();
            assertThat(next.peer().getInputStream().read()).isEqualTo(-1);
            closing.peer().close();
            next.peer().close();
        }
    }

    private static Thread user(AtomicReference<Throwable> failure, Callable<?> use) {
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                while (true) {
                                    use.call();
                                }
                            } catch (ClosedChannelException expected) {
                                // includes AsynchronousCloseException
                            } catch (Throwable t) {
                                failure.set(t);
                            }
                        });
        thread.start();
        return thread;
    }

    // -- Modes, options, selectors --

    @Test
    void aChannelStartsBlockingAndMayBecomeNonBlocking() throws IOException {
        SocketChannel channel = loopback.closing(loopback.provider.openSocketChannel());
        assertThat(channel.isBlocking()).isTrue();
        assertThat(channel.configureBlocking(true)).isSameAs(channel);
        assertThat(channel.configureBlocking(false)).isSameAs(channel);
        assertThat(channel.isBlocking()).isFalse();
        try (Selector selector = loopback.provider.openSelector()) {
            channel.register(selector, 0);
            assertThatExceptionOfType(IllegalBlockingModeException.class)
                    .isThrownBy(() -> channel.configureBlocking(true));
        }
        assertThat(channel.validOps()).isEqualTo(OP_READ | OP_WRITE | OP_CONNECT);
        assertThat(channel.provider()).isSameAs(loopback.provider);
    }

    @Test
    void optionsReturnTheValuesAcceptedByTheSystem() throws IOException {
        SocketChannel channel = loopback.connect().channel();
        for (SocketOption<Boolean> option :
                List.of(
                        StandardSocketOptions.TCP_NODELAY,
                        StandardSocketOptions.SO_KEEPALIVE,
                        StandardSocketOptions.SO_REUSEADDR,
                        StandardSocketOptions.SO_REUSEPORT,
                        outOfBandInline(channel))) {
            assertThat(channel.supportedOptions()).contains(option);
            assertThat(channel.setOption(option, true)).isSameAs(channel);
            assertThat(channel.getOption(option)).isTrue();
            channel.setOption(option, false);
            assertThat(channel.getOption(option)).isFalse();
        }
        assertThat(channel.getOption(StandardSocketOptions.SO_LINGER)).isEqualTo(-1);
        channel.setOption(StandardSocketOptions.SO_LINGER, 7);
        assertThat(channel.getOption(StandardSocketOptions.SO_LINGER)).isEqualTo(7);
        channel.setOption(StandardSocketOptions.SO_LINGER, 1_000_000);
        assertThat(channel.getOption(StandardSocketOptions.SO_LINGER)).isEqualTo(65_535);
        channel.setOption(StandardSocketOptions.SO_LINGER, -3);
        assertThat(channel.getOption(StandardSocketOptions.SO_LINGER)).isEqualTo(-1);
        channel.setOption(StandardSocketOptions.IP_TOS, 0x10);
        assertThat(channel.getOption(StandardSocketOptions.IP_TOS)).isEqualTo(0x10);
        channel.setOption(StandardSocketOptions.SO_SNDBUF, 20_000);
        assertThat(channel.getOption(StandardSocketOptions.SO_SNDBUF)).isEqualTo(20_000);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, 30_000);
        assertThat(channel.getOption(StandardSocketOptions.SO_RCVBUF)).isEqualTo(30_000);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, 0);
        assertThat(channel.getOption(StandardSocketOptions.SO_RCVBUF)).isEqualTo(1152);
    }

    @Test
    void invalidOptionsAreRefused() throws IOException {
        SocketChannel channel = loopback.open();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> channel.setOption(StandardSocketOptions.IP_TOS, 256))
                .withMessage("Invalid IP_TOS value");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> channel.setOption(StandardSocketOptions.SO_SNDBUF, -1))
                .withMessage("Invalid send/receive buffer size");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> channel.setOption(StandardSocketOptions.SO_SNDBUF, null))
                .withMessage("Invalid value 'null'");
        assertThatNullPointerException().isThrownBy(() -> channel.setOption(null, 1));
        assertThatNullPointerException().isThrownBy(() -> channel.getOption(null));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> channel.getOption(StandardSocketOptions.IP_MULTICAST_TTL))
                .withMessage("'IP_MULTICAST_TTL' not supported");
    }

    @SuppressWarnings("unchecked")
    static SocketOption<Boolean> outOfBandInline(java.nio.channels.NetworkChannel channel) {
        return (SocketOption<Boolean>)
                channel.supportedOptions().stream()
                        .filter(
                                option ->
                                        option.name().equals("SO_OOBINLINE")
                                                && option.type() == Boolean.class)
                        .findFirst()
                        .orElseThrow();
    }
}
