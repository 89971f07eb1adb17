package io.epollecho.stream;

import static io.epollecho.stream.ProxyHeaders.address;
import static io.epollecho.stream.ProxyHeaders.binary;
import static io.epollecho.stream.ProxyHeaders.concat;
import static io.epollecho.stream.ProxyHeaders.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Tests on the sockets of each provider. They use the stream in the same way as a connection does.
 */
@ParameterizedClass
@EnumSource(Sockets.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProxyStreamTest {

    private static final long LONG = 10_000;
    private static final byte[] DATA = "first request".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] LINE = line("PROXY TCP4 192.0.2.1 192.0.2.2 54321 443");

    private final Selector selector;
    private final ServerSocketChannel listener;
    private final Socket peer = new Socket();
    private final SocketChannel channel;
    private final SelectionKey key;
    private final MemoryBudget.Account account = Buffers.account();
    private final ProxyStream stream;

    ProxyStreamTest(Sockets sockets) throws IOException {
        selector = sockets.provider().openSelector();
        listener = sockets.provider().openServerSocketChannel();
        listener.configureBlocking(false);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        peer.setTcpNoDelay(true);
        peer.connect(listener.getLocalAddress());
        channel = accept(listener);
        channel.configureBlocking(false);
        stream = new ProxyStream(new SocketStream(channel), List.of(), account);
        key = channel.register(selector, stream.interest(SelectionKey.OP_READ));
    }

    private static SocketChannel accept(ServerSocketChannel listener) throws IOException {
        SocketChannel channel;
        while ((channel = listener.accept()) == null) {
            Thread.onSpinWait();
        }
        return channel;
    }

    @AfterEach
    void close() throws IOException {
        peer.close();
        channel.close();
        listener.close();
        selector.close();
    }

    // ---- opening ------------------------------------------------------------------------------

    static Stream<byte[]> headers() {
        byte[] ipv4 = ProxyHeaders.hex("c0000201 c0000202 d431 01bb");
        return Stream.of(
                LINE,
                binary(0x21, 0x11, ipv4),
                binary(0x21, 0x11, concat(ipv4, ProxyHeaders.tlv(0x20, new byte[3000]))));
    }

    static Stream<byte[]> headersWithoutAddresses() {
        return Stream.of(
                line("PROXY UNKNOWN"),
                line("PROXY UNKNOWN ::1 ::2 1 2"),
                binary(0x20, 0x00, new byte[0]),
                binary(0x20, 0x11, new byte[12]),
                binary(0x20, 0x11, new byte[65535]),
                binary(0x21, 0x00, new byte[0]),
                binary(0x21, 0x31, new byte[216]));
    }

    @ParameterizedTest
    @MethodSource("headers")
    void opensWithTheHeaderAndDataInOneSegment(byte[] header) throws IOException {
        send(concat(header, DATA));
        awaitOpen();
        assertThat(stream.sourceAddress()).isEqualTo(address("192.0.2.1", 54321));
        assertThat(receive(DATA.length)).isEqualTo(DATA);
        assertEchoes();
    }

    @ParameterizedTest
    @MethodSource("headersWithoutAddresses")
    void opensWithoutAddresses(byte[] header) throws IOException {
        send(concat(header, DATA));
        awaitOpen();
        assertThat(stream.sourceAddress()).isNull();
        assertThat(receive(DATA.length)).isEqualTo(DATA);
        assertEchoes();
    }

    @ParameterizedTest
    @MethodSource("headers")
    void opensByteByByte(byte[] header) throws IOException {
        byte[] first = Arrays.copyOf(header, Math.min(header.length, 200) - 1);
        for (byte value : first) {
            send(new byte[] {value});
            awaitReady();
            assertThat(stream.open()).isFalse();
            assertThat(stream.sourceAddress()).isNull();
        }
        send(Arrays.copyOfRange(header, first.length, header.length));
        awaitOpen();
        assertThat(stream.sourceAddress()).isEqualTo(address("192.0.2.1", 54321));
        assertThat(stream.isDrained()).isTrue();
        send(DATA);
        assertThat(receive(DATA.length)).isEqualTo(DATA);
    }

    @Test
    void keepsWaitingUntilTheHeaderArrives() throws IOException {
        assertThat(stream.open()).isFalse();
        assertThat(stream.open()).isFalse();
        assertThat(stream.work()).isNull();
        assertThat(stream.isComplete()).isFalse();
        send(LINE);
        awaitOpen();
        assertThat(stream.open()).isTrue();
        assertThat(stream.isComplete()).isTrue();
    }

    @Test
    void selectsForReadingWhileItOpensAndThenForTheWantedOperation() throws IOException {
        assertThat(stream.interest(SelectionKey.OP_WRITE)).isEqualTo(SelectionKey.OP_READ);
        send(LINE);
        awaitOpen();
        assertThat(stream.interest(SelectionKey.OP_WRITE)).isEqualTo(SelectionKey.OP_WRITE);
        assertThat(stream.interest(SelectionKey.OP_READ)).isEqualTo(SelectionKey.OP_READ);
    }

    @Test
    void neitherReadsNorWritesBeforeTheWholeHeader() throws IOException {
        send(Arrays.copyOf(LINE, LINE.length - 1));
        awaitReady();
        assertThat(stream.open()).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> stream.read(ByteBuffer.allocate(1)));
        assertThatIllegalStateException().isThrownBy(() -> stream.write(ByteBuffer.allocate(1)));
        send(new byte[] {'\n'});
        awaitOpen();
        assertEchoes();
    }

    // ---- failures -----------------------------------------------------------------------------

    static Stream<byte[]> invalidHeaders() {
        return Stream.of(
                "GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII),
                ProxyHeaders.hex("160301 0200 01 0001fc 0303"), // a TLS ClientHello
                line("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536"),
                binary(0x22, 0x11, new byte[12]),
                binary(0x21, 0x11, new byte[11]));
    }

    @ParameterizedTest
    @MethodSource("invalidHeaders")
    void refusesInvalidHeaders(byte[] bytes) throws IOException {
        send(bytes);
        awaitReady();
        assertThatExceptionOfType(ProxyHeaderException.class).isThrownBy(this::awaitOpen);
        assertThat(stream.sourceAddress()).isNull();
    }

    @Test
    void theReasonContainsNoBytesOfThePeer() throws IOException {
        send(line("PROXY TCP4 evil\u001b[31m 192.0.2.2 1 2"));
        assertThatExceptionOfType(ProxyHeaderException.class)
                .isThrownBy(this::awaitOpen)
                .withMessage("the line of version 1 has an invalid address");
    }

    @Test
    void refusesAnEndBeforeTheHeader() throws IOException {
        peer.shutdownOutput();
        assertThatExceptionOfType(ProxyHeaderException.class)
                .isThrownBy(this::awaitOpen)
                .withMessageContaining("ended before")
                .matches(ProxyHeaderException::silent, "silent");
    }

    @Test
    void refusesAnEndWithinTheHeader() throws IOException {
        send(Arrays.copyOf(LINE, 20));
        awaitReady();
        assertThat(stream.open()).isFalse();
        peer.shutdownOutput();
        assertThatExceptionOfType(ProxyHeaderException.class)
                .isThrownBy(this::awaitOpen)
                .withMessageContaining("ended before")
                .matches(e -> !e.silent(), "not silent");
    }

    /** Nothing is read from an untrusted peer, so the bytes stay in the socket. */
    @Test
    void refusesAnUntrustedSourceWithoutReading() throws IOException {
        send(LINE);
        awaitReady();
        ProxyStream distrustful =
                new ProxyStream(
                        new SocketStream(channel),
                        List.of(AddressRange.of("192.0.2.0/24"), AddressRange.of("fd00::/8")),
                        account);
        assertThatExceptionOfType(ProxyHeaderException.class)
                .isThrownBy(distrustful::open)
                .withMessage("the connection does not come from a trusted proxy")
                .matches(e -> !e.silent(), "not silent");
        assertThat(distrustful.isComplete()).isFalse();
        assertThat(channel.read(ByteBuffer.allocate(LINE.length))).isEqualTo(LINE.length);
    }

    @Test
    void opensForATrustedSource() throws IOException {
        send(LINE);
        awaitReady();
        ProxyStream trustful =
                new ProxyStream(
                        new SocketStream(channel),
                        List.of(AddressRange.of("192.0.2.0/24"), range(peer.getLocalAddress())),
                        account);
        assertThat(trustful.open()).isTrue();
        assertThat(trustful.sourceAddress()).isEqualTo(address("192.0.2.1", 54321));
    }

    private static AddressRange range(InetAddress address) {
        return AddressRange.of(address.getHostAddress());
    }

    /** The stream does not wait for the rest of an invalid line or signature. */
    @ParameterizedTest
    @ValueSource(strings = {"G", "PROXY TCP5", "\r\n\r\n\0\r\nQUIX", "PROXY TCP4\r"})
    void refusesAWrongStartAsSoonAsItIsKnown(String bytes) throws IOException {
        byte[] wrong = bytes.getBytes(StandardCharsets.US_ASCII);
        if (wrong.length > 1) {
            send(Arrays.copyOf(wrong, wrong.length - 1));
            awaitReady();
            assertThat(stream.open()).isFalse();
        }
        send(new byte[] {wrong[wrong.length - 1]});
        awaitReady();
        assertThatExceptionOfType(ProxyHeaderException.class).isThrownBy(stream::open);
    }

    @Test
    void refusesALongLineBeforeItEnds() throws IOException {
        send(("PROXY UNKNOWN " + "x".repeat(92)).getBytes(StandardCharsets.US_ASCII));
        awaitReady();
        assertThatExceptionOfType(ProxyHeaderException.class)
                .isThrownBy(stream::open)
                .withMessageContaining("longer than 107 bytes");
    }

    /** The length is known long before all bytes have arrived. */
    @Test
    void refusesALongBinaryHeaderByItsAnnouncedLength() throws IOException {
        send(binary(0x21, 0x11, ProxyHeaderParser.MAX_LENGTH, new byte[0]));
        awaitReady();
        assertThatExceptionOfType(ProxyHeaderException.class)
                .isThrownBy(stream::open)
                .withMessageContaining("at most 4096");
    }

    // ---- data ---------------------------------------------------------------------------------

    @Test
    void returnsTheLeftoverInPartsBeforeItReadsMore() throws IOException {
        send(concat(LINE, DATA));
        awaitOpen();
        send(DATA);
        ByteBuffer one = ByteBuffer.allocate(1);
        for (byte value : DATA) {
            assertThat(stream.isDrained()).isFalse();
            assertThat(stream.read(one.clear())).isEqualTo(1);
            assertThat(one.get(0)).isEqualTo(value);
        }
        assertThat(receive(DATA.length)).isEqualTo(DATA);
    }

    @Test
    void readsIntoTheMiddleOfABuffer() throws IOException {
        send(concat(LINE, DATA));
        awaitOpen();
        ByteBuffer target = ByteBuffer.allocateDirect(100).position(3).limit(8);
        assertThat(stream.read(target)).isEqualTo(5);
        assertThat(target.position()).isEqualTo(8);
        byte[] read = new byte[5];
        target.get(3, read);
        assertThat(read).isEqualTo(Arrays.copyOf(DATA, 5));
    }

    @Test
    void aSecondHeaderIsData() throws IOException {
        send(concat(LINE, LINE));
        awaitOpen();
        assertThat(receive(LINE.length)).isEqualTo(LINE);
    }

    @Test
    void moreDataThanTheLeftoverHoldsArrivesInOrder() throws IOException {
        byte[] data = new byte[20_000];
        new SplittableRandom(1).nextBytes(data);
        send(concat(LINE, data));
        awaitOpen();
        assertThat(receive(data.length)).isEqualTo(data);
    }

    @Test
    void reportsTheEndAfterTheLeftover() throws IOException {
        send(concat(LINE, DATA));
        peer.shutdownOutput();
        awaitOpen();
        assertThat(receive(DATA.length)).isEqualTo(DATA);
        ByteBuffer buffer = ByteBuffer.allocate(1);
        int count;
        while ((count = stream.read(buffer)) == 0) {
            awaitReady();
        }
        assertThat(count).isEqualTo(ByteStream.END);
        stream.shutdownOutput();
        assertThat(stream.flush()).isTrue();
        assertThat(peer.getInputStream().read()).isEqualTo(-1);
    }

    /** There is no end to send, and the FIN follows later. */
    @Test
    void endsItsOutputWithoutAFin() throws IOException {
        send(LINE);
        awaitOpen();
        assertThat(stream.endOutput()).isTrue();
        assertThat(channel.write(ByteBuffer.wrap(DATA))).isEqualTo(DATA.length);
        assertThat(peer.getInputStream().readNBytes(DATA.length)).isEqualTo(DATA);
        stream.shutdownOutput();
        assertThat(peer.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void countsTheBytesThatArriveWithTheHeader() throws IOException {
        send(concat(LINE, DATA));
        awaitOpen();
        assertThat(stream.isDrained()).isFalse();
        assertThat(account.bytes()).isBetween(DATA.length, 1024);
        stream.release();
        assertThat(stream.isDrained()).isTrue();
        assertThat(account.bytes()).isZero();
    }

    @Test
    void toStringNamesTheSocketAndTheSource() throws IOException {
        assertThat(stream).hasToString(channel.toString());
        send(LINE);
        awaitOpen();
        assertThat(stream.toString()).contains(channel.toString()).contains("192.0.2.1:54321");
        assertThat(stream.channel()).isSameAs(channel);
    }

    // ---- driving ------------------------------------------------------------------------------

    private void send(byte[] bytes) throws IOException {
        peer.getOutputStream().write(bytes);
    }

    private void awaitReady() throws IOException {
        selector.selectedKeys().clear();
        if (key.interestOps() != stream.interest(SelectionKey.OP_READ)) {
            key.interestOps(stream.interest(SelectionKey.OP_READ));
        }
        assertThat(selector.select(LONG)).as("ready within %d ms", LONG).isPositive();
    }

    private void awaitOpen() throws IOException {
        while (!stream.open()) {
            if (stream.isDrained()) {
                awaitReady();
            }
        }
    }

    /** Reads without waiting for the selector until the stream is drained. */
    private byte[] receive(int length) throws IOException {
        ByteBuffer received = ByteBuffer.allocate(length);
        while (received.hasRemaining()) {
            if (stream.read(received) == 0) {
                awaitReady();
            }
        }
        return received.array();
    }

    private void assertEchoes() throws IOException {
        send(DATA);
        assertThat(stream.write(ByteBuffer.wrap(receive(DATA.length)))).isEqualTo(DATA.length);
        assertThat(stream.flush()).isTrue();
        assertThat(peer.getInputStream().readNBytes(DATA.length)).isEqualTo(DATA);
    }
}
