package io.epollecho.epoll;

import static io.epollecho.epoll.Loopback.LONG;
import static io.epollecho.epoll.Loopback.bytes;
import static io.epollecho.epoll.Loopback.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;

import io.epollecho.epoll.Loopback.Connection;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * The guarantees of the package description about reporting keys that go beyond {@code java.nio}.
 */
@ParameterizedClass
@EnumSource(names = {"EPOLL_LEVEL", "EPOLL_EDGE"})
@Timeout(60)
class TriggerContractTest {

    private final ProviderUnderTest underTest;

    private final boolean edge;
    private Loopback loopback;
    private Selector selector;

    TriggerContractTest(ProviderUnderTest underTest) {
        this.underTest = underTest;
        this.edge = underTest == ProviderUnderTest.EPOLL_EDGE;
    }

    @BeforeEach
    void open() throws IOException {
        loopback = new Loopback(underTest.provider());
        selector = loopback.selector;
    }

    @AfterEach
    void close() throws IOException {
        loopback.close();
    }

    // -- Level and edge --

    @Test
    void bytesLeftUnreadAreReportedAgainByLevelOnly() throws IOException {
        Connection connection = loopback.connect();
        connection.channel().register(selector, OP_READ);
        connection.send("abc");
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(read(connection, 1)).isEqualTo("a");

        assertThat(ready(20)).isEqualTo(edge ? List.of() : List.of(OP_READ));

        connection.send("d");
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(awaitBytes(connection, 3)).isEqualTo("bcd");
    }

    @Test
    void writabilityIsReportedAgainByLevelOnly() throws IOException {
        Connection connection = loopback.connect();
        connection.channel().register(selector, OP_WRITE);
        assertThat(ready(LONG)).containsExactly(OP_WRITE);
        assertThat(ready(20)).isEqualTo(edge ? List.of() : List.of(OP_WRITE));
    }

    @Test
    void connectionsLeftUnacceptedAreReportedAgainByLevelOnly() throws IOException {
        SelectionKey key = loopback.listener.register(selector, OP_ACCEPT);
        loopback.connectPeerOnly();
        assertThat(ready(LONG)).containsExactly(OP_ACCEPT);
        assertThat(ready(20)).isEqualTo(edge ? List.of() : List.of(OP_ACCEPT));

        key.interestOps(OP_ACCEPT);
        assertThat(ready(LONG)).containsExactly(OP_ACCEPT);
        loopback.accept();
        loopback.connectPeerOnly();
        assertThat(ready(LONG)).containsExactly(OP_ACCEPT);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void settingTheInterestAgainMakesTheKernelCheckAgain(int form) throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_READ);
        connection.send("abc");
        assertThat(ready(LONG)).containsExactly(OP_READ);

        switch (form) {
            case 0 -> key.interestOps(OP_READ);
            case 1 -> key.interestOpsOr(OP_READ);
            case 2 -> key.interestOpsAnd(OP_READ);
            default -> connection.channel().register(selector, OP_READ);
        }

        assertThat(ready(LONG)).containsExactly(OP_READ);
    }

    @Test
    void settingTheInterestAgainReportsNothingIfNothingIsReady() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_READ);
        connection.send("abc");
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(read(connection, 10)).isEqualTo("abc");
        key.interestOps(OP_READ);
        assertThat(ready(20)).isEmpty();
    }

    @Test
    void aSocketThatWasFullIsReportedWhenThereIsRoomAgain() throws IOException {
        Connection connection = loopback.connect();
        connection.channel().register(selector, OP_WRITE);
        ByteBuffer block = ByteBuffer.allocateDirect(100_000);
        long sent = 0;
        int n;
        while ((n = connection.channel().write(block.clear())) > 0) {
            sent += n;
        }
        ready(20);
        for (long received = 0;
                received < sent;
                received += connection.peer().getInputStream().read(new byte[100_000])) {
            // read as fast as possible
        }
        assertThat(ready(LONG)).containsExactly(OP_WRITE);
    }

    @Test
    void noEdgeIsLostIfReadingStopsAfterAShortRead() throws Exception {
        Connection connection = loopback.connect();
        connection.peer().setTcpNoDelay(true);
        connection.channel().register(selector, OP_READ);
        int rounds = 20_000;
        Thread peer =
                new Thread(
                        () -> {
                            try {
                                for (int i = 0; i < rounds; i++) {
                                    connection.peer().getOutputStream().write(i);
                                    connection.peer().getInputStream().read();
                                }
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            }
                        });
        peer.start();
        ByteBuffer buffer = ByteBuffer.allocateDirect(16);
        for (int i = 0; i < rounds; i++) {
            assertThat(
                            selector.select(
                                    key -> {
                                        try {
                                            // Do not read again after a short read.
                                            connection.channel().read(buffer.clear());
                                            connection.channel().write(buffer.flip());
                                        } catch (IOException e) {
                                            throw new AssertionError(e);
                                        }
                                    },
                                    LONG))
                    .isOne();
        }
        peer.join();
    }

    // -- Sticky readiness --

    @Test
    void anEndOfStreamAfterBytesIsReportedAfterAShortRead() throws IOException {
        Connection connection = loopback.connect();
        connection.send("last");
        connection.peer().shutdownOutput();
        SelectionKey key = awaitEnd(connection);
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(read(connection, 100)).isEqualTo("last");

        for (int i = 0; i < 3; i++) {
            assertThat(ready(LONG)).containsExactly(OP_READ);
        }
        assertThat(read(connection, 100)).isEqualTo("<end>");
        if (edge) {
            assertThat(ready(20)).isEmpty();
            key.interestOps(OP_READ);
        }
        assertThat(ready(LONG)).containsExactly(OP_READ);
    }

    /** More selections than a 16-bit number can count, each followed by a read of one byte. */
    @Test
    void anEndOfStreamIsReportedAfterAnyNumberOfShortReads() throws IOException {
        int length = 66_000;
        loopback.listener.setOption(StandardSocketOptions.SO_RCVBUF, 4 * length);
        Connection connection = loopback.connect();
        connection.peer().getOutputStream().write(new byte[length]);
        connection.peer().shutdownOutput();
        awaitEnd(connection);
        ByteBuffer one = ByteBuffer.allocateDirect(1);
        for (int i = 0; i < length; i++) {
            assertThat(selector.select(key -> {}, LONG)).as("report %d", i).isOne();
            assertThat(connection.channel().read(one.clear())).isOne();
        }
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(connection.channel().read(one.clear())).isEqualTo(-1);
    }

    @Test
    void anEndOfStreamAfterBytesIsReportedInTheSelectedKeySetToo() throws IOException {
        Connection connection = loopback.connect();
        connection.send("last");
        connection.peer().shutdownOutput();
        SelectionKey key = awaitEnd(connection);
        for (String expected : List.of("last", "<end>")) {
            assertThat(selector.select(LONG)).isOne();
            assertThat(selector.selectedKeys()).containsExactly(key);
            selector.selectedKeys().clear();
            assertThat(read(connection, 100)).isEqualTo(expected);
        }
    }

    @Test
    void aChannelReportedAgainIsReportedOncePerSelectionWithAllReadyOperations()
            throws IOException {
        Connection connection = loopback.connect();
        connection.send("last");
        connection.peer().shutdownOutput();
        SelectionKey key = awaitEnd(connection);
        assertThat(ready(LONG)).containsExactly(OP_READ);
        key.interestOps(OP_READ | OP_WRITE); // also makes the kernel check again
        for (int i = 0; i < 3; i++) {
            assertThat(ready(LONG)).containsExactly(OP_READ | OP_WRITE);
        }
    }

    @Test
    void aChannelWithoutReadInterestIsNotReportedAgainAndLetsTheSelectorWait() throws IOException {
        Connection connection = loopback.connect();
        connection.send("last");
        connection.peer().shutdownOutput();
        SelectionKey key = awaitEnd(connection);
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(read(connection, 100)).isEqualTo("last");

        key.interestOps(0);
        assertThat(ready(20)).isEmpty();

        key.interestOps(OP_READ);
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(read(connection, 100)).isEqualTo("<end>");
    }

    @Test
    void aCancelledOrClosedChannelIsNotReportedAgain() throws IOException {
        for (boolean close : new boolean[] {false, true}) {
            Connection connection = loopback.connect();
            connection.send("last");
            connection.peer().shutdownOutput();
            SelectionKey key = awaitEnd(connection);
            assertThat(ready(LONG)).containsExactly(OP_READ);
            if (close) {
                connection.channel().close();
            } else {
                key.cancel();
            }
            assertThat(ready(20)).isEmpty();
            assertThat(selector.keys()).isEmpty();
        }
    }

    @Test
    void aReadIntoABufferWithoutRoomDoesNotDrainTheChannel() throws IOException {
        Connection connection = loopback.connect();
        connection.send("last");
        connection.peer().shutdownOutput();
        awaitEnd(connection);
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(connection.channel().read(ByteBuffer.allocate(0))).isZero();
        assertThat(connection.channel().read(ByteBuffer.allocateDirect(0))).isZero();
        assertThat(ready(LONG)).containsExactly(OP_READ);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bytesAfterAnUrgentMarkAreReportedAfterAShortRead(boolean inline) throws IOException {
        Connection connection = loopback.connect();
        connection
                .channel()
                .setOption(SocketChannelContractTest.outOfBandInline(connection.channel()), inline);
        connection.channel().register(selector, OP_READ);
        connection.send("before");
        connection.peer().sendUrgentData('!');
        connection.send("after");
        connection.peer().shutdownOutput();

        StringBuilder received = new StringBuilder();
        String part = "";
        while (!part.equals("<end>")) {
            received.append(part);
            assertThat(selector.select(key -> {}, LONG)).isOne();
            part = read(connection, 100); // one short read per report
        }
        assertThat(received).hasToString(inline ? "before!after" : "beforeafter");
    }

    @Test
    void aReadIntoALargeHeapBufferIsShortOnlyWhenTheSocketIsEmpty() throws IOException {
        loopback.listener.setOption(StandardSocketOptions.SO_RCVBUF, 400_000);
        Connection connection = loopback.connect();
        int length = 2 * ScratchBuffer.SIZE + 1;
        connection.peer().getOutputStream().write(new byte[length]);
        connection.peer().shutdownOutput();
        awaitEvent(connection.channel(), EpollEvents.EPOLLRDHUP);
        assertThat(connection.channel().read(ByteBuffer.allocate(2 * length))).isEqualTo(length);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anUrgentMarkAloneMakesAShortReadIncomplete(boolean inline) throws IOException {
        Connection connection = loopback.connect();
        var option = SocketChannelContractTest.outOfBandInline(connection.channel());
        connection.channel().setOption(option, inline);
        connection.send("before");
        connection.peer().sendUrgentData('!');
        connection.send("after");
        awaitEvent(connection.channel(), EpollEvents.EPOLLPRI);
        connection.channel().register(selector, OP_READ);

        String expected = inline ? "before!after" : "beforeafter";
        StringBuilder received = new StringBuilder();
        while (received.length() < expected.length()) {
            assertThat(ready(LONG)).containsExactly(OP_READ);
            received.append(read(connection, 100));
        }
        assertThat(received).hasToString(expected);
    }

    @Test
    void aResetAfterBytesIsReported() throws IOException {
        Connection connection = loopback.connect();
        connection.channel().register(selector, OP_READ);
        connection.send("bytes");
        connection.reset();
        assertThatExceptionOfType(SocketException.class)
                .isThrownBy(
                        () -> {
                            while (true) {
                                assertThat(ready(LONG)).containsExactly(OP_READ);
                                read(connection, 100);
                            }
                        })
                .withMessage("Connection reset");
    }

    @ParameterizedTest
    @ValueSource(ints = {OP_READ, OP_WRITE, OP_READ | OP_WRITE})
    void aResetMakesAllOperationsOfInterestReady(int interest) throws IOException {
        Connection connection = loopback.connect();
        connection.channel().register(selector, interest);
        ready(20);
        connection.reset();
        int reported = 0;
        while (reported != interest) {
            reported = ready(LONG).getFirst();
        }
        connection.channel().close();
    }

    @Test
    void aResetAfterHalfCloseIsReportedToAWaitingWriter() throws IOException {
        Connection connection = loopback.connect();
        SelectionKey key = connection.channel().register(selector, OP_READ);
        connection.peer().shutdownOutput();
        assertThat(ready(LONG)).containsExactly(OP_READ);
        assertThat(read(connection, 1)).isEqualTo("<end>");
        ByteBuffer block = ByteBuffer.allocateDirect(100_000);
        while (connection.channel().write(block.clear()) > 0) {
            // fill the socket
        }
        key.interestOps(OP_WRITE);
        assertThat(ready(20)).isEmpty();
        connection.reset();
        assertThat(ready(LONG)).containsExactly(OP_WRITE);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> connection.channel().write(block.clear()));
    }

    // -- Connecting --

    @Test
    void readAndWriteBecomeReadyByFinishConnect() throws IOException {
        SocketChannel channel = loopback.open();
        if (channel.connect(loopback.address())) {
            return; // connected immediately: nothing to finish
        }
        loopback.accept().write(bytes("x"));
        awaitEvent(channel, EpollEvents.EPOLLIN);
        channel.register(selector, OP_CONNECT | OP_READ | OP_WRITE);
        assertThat(ready(LONG)).containsExactly(OP_CONNECT);
        assertThat(channel.finishConnect()).isTrue();
        assertThat(ready(LONG)).containsExactly(OP_READ | OP_WRITE);
    }

    // -- Batches --

    @Test
    void aKeyCancelledByTheActionOfAnotherIsNotReported() throws IOException {
        List<SelectionKey> keys = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            keys.add(loopback.connect().channel().register(selector, OP_WRITE));
        }
        List<SelectionKey> seen = new ArrayList<>();
        int count =
                selector.select(
                        key -> {
                            seen.add(key);
                            keys.forEach(SelectionKey::cancel);
                        });
        assertThat(seen).hasSize(1);
        assertThat(count).isOne();
    }

    @Test
    void closingARegisteredChannelFreesItsDescriptorImmediately() throws IOException {
        Connection connection = loopback.connect();
        connection.channel().register(selector, OP_READ);
        selector.selectNow();
        connection.channel().close();
        assertThat(connection.peer().getInputStream().read()).isEqualTo(-1);
        assertThat(((EpollSocketChannel) connection.channel()).tcpSocket().isFreed()).isTrue();
    }

    private static int descriptor(SocketChannel channel) {
        return ((EpollSocketChannel) channel).tcpSocket().fd();
    }

    /**
     * Registers the channel after the peer's end of stream has arrived, so that it is reported in
     * one event with the bytes.
     */
    private SelectionKey awaitEnd(Connection connection) throws IOException {
        awaitEvent(connection.channel(), EpollEvents.EPOLLRDHUP);
        return connection.channel().register(selector, OP_READ);
    }

    private static void awaitEvent(SocketChannel channel, int event) {
        ThreadMemory memory = ThreadMemory.borrow();
        EpollEvents events =
                new EpollEvents(EpollEvents.Layout.of(System.getProperty("os.arch")), 1);
        Descriptor epoll = new Descriptor(Libc.epollCreate(memory, Libc.EPOLL_CLOEXEC));
        events.set(0, event, 0);
        int fd = descriptor(channel);
        assertThat(Libc.epollControl(memory, epoll.fd(), Libc.EPOLL_CTL_ADD, fd, events.address()))
                .isZero();
        int count = Libc.epollWait(memory, epoll.fd(), events.address(), 1, (int) LONG);
        epoll.close();
        assertThat(count).isOne();
        assertThat(events.events(0) & event).isEqualTo(event);
    }

    /** Runs one selection and returns the ready operations of each reported key. */
    private List<Integer> ready(long timeout) throws IOException {
        List<Integer> ready = new ArrayList<>();
        assertThat(selector.select(key -> ready.add(key.readyOps()), timeout))
                .isEqualTo(ready.size());
        return ready;
    }

    private static String read(Connection connection, int size) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(size);
        return (connection.channel().read(buffer) < 0) ? "<end>" : text(buffer);
    }

    private static String awaitBytes(Connection connection, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            connection.channel().read(buffer);
        }
        return text(buffer);
    }
}
