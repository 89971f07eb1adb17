package io.epollecho.epoll;

import static io.epollecho.epoll.Loopback.bytes;
import static io.epollecho.epoll.Loopback.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import static java.nio.channels.SelectionKey.OP_READ;

import io.epollecho.Strace;
import io.epollecho.epoll.Loopback.Connection;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * If a later system call of a read or write fails, the number of bytes already transferred is
 * returned and the next read or write throws the error.
 */
@ParameterizedClass
@EnumSource(names = {"EPOLL_LEVEL", "EPOLL_EDGE"})
@Timeout(60)
class LaterCallFaultsTest {

    /** More bytes than one system call transfers for a heap buffer. */
    private static final int LENGTH = ScratchBuffer.SIZE + 1_000;

    private final ProviderUnderTest underTest;

    private Loopback loopback;

    LaterCallFaultsTest(ProviderUnderTest underTest) {
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

    @Test
    void aReadThatTimesOutAfterBytesIsNotAnEndOfStream() throws Exception {
        SocketChannel channel = channelWithBytesToRead();

        assertThat(withSecondCallFailing("recvfrom", "ETIMEDOUT", () -> read(channel)))
                .containsExactly("65536", "IOException: Connection timed out", "1000");
    }

    @Test
    void aReadThatIsResetAfterBytesStaysReset() throws Exception {
        SocketChannel channel = channelWithBytesToRead();

        assertThat(withSecondCallFailing("recvfrom", "ECONNRESET", () -> read(channel)))
                .containsExactly(
                        "65536",
                        "SocketException: Connection reset",
                        "SocketException: Connection reset");
    }

    @Test
    void aWriteThatFailsAfterBytesIsReportedByTheNextWrite() throws Exception {
        SocketChannel channel = loopback.connect().channel();

        assertThat(withSecondCallFailing("sendto", "ECONNRESET", () -> write(channel)))
                .containsExactly("65536", "IOException: Connection reset by peer", "66536");
    }

    @Test
    void aResetThatAWriteHasReportedIsReportedByReadsToo() throws Exception {
        Connection connection = loopback.connect();
        connection.send("bytes");
        loopback.awaitReady(connection.channel(), OP_READ);
        connection.reset();
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(
                        () -> {
                            while (true) {
                                connection.channel().write(bytes("x"));
                            }
                        })
                .withMessage("Connection reset by peer");

        ByteBuffer buffer = ByteBuffer.allocate(100);
        assertThat(connection.channel().read(buffer)).isEqualTo(5);
        assertThat(text(buffer)).isEqualTo("bytes");
        for (ByteBuffer next : List.of(buffer, ByteBuffer.allocateDirect(1), buffer)) {
            assertThatExceptionOfType(SocketException.class)
                    .isThrownBy(() -> connection.channel().read(next))
                    .withMessage("Connection reset");
        }
    }

    private SocketChannel channelWithBytesToRead() throws IOException {
        loopback.listener.setOption(StandardSocketOptions.SO_RCVBUF, 4 * LENGTH);
        Connection connection = loopback.connect();
        connection.peer().getOutputStream().write(new byte[LENGTH]);
        ByteBuffer echo = ByteBuffer.allocateDirect(1);
        connection.channel().write(echo);
        return connection.channel();
    }

    private interface Transfer {
        long run() throws IOException;
    }

    private static long read(SocketChannel channel) throws IOException {
        return channel.read(ByteBuffer.allocate(2 * LENGTH));
    }

    private static long write(SocketChannel channel) throws IOException {
        return channel.write(ByteBuffer.allocate(LENGTH));
    }

    /** Returns the results of three transfers while the second system call fails. */
    private static List<String> withSecondCallFailing(String call, String error, Transfer transfer)
            throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch traced = new CountDownLatch(1);
        Task<List<String>> transferring =
                Task.start(
                        () -> {
                            started.countDown();
                            traced.await();
                            List<String> results = new ArrayList<>();
                            for (int i = 0; i < 3; i++) {
                                results.add(result(transfer));
                            }
                            return results;
                        });
        started.await();
        try (Strace _ =
                Strace.attach(
                        transferring.thread,
                        "-e",
                        "trace=" + call,
                        "-e",
                        "inject=" + call + ":error=" + error + ":when=2")) {
            traced.countDown();
            return transferring.result();
        }
    }

    private static String result(Transfer transfer) {
        try {
            return Long.toString(transfer.run());
        } catch (IOException e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }
}
