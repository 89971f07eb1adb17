package io.epollecho.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import java.util.stream.Stream;

/**
 * The bytes of the structures that are passed to the kernel. Both architectures are little-endian.
 */
@SuppressWarnings("AddressSelection") // literal addresses
class LayoutTest {

    @ParameterizedTest
    @CsvSource({
        "PACKED, 01000000 8877665544332211 05200080 fffffffffeffffff",
        "ALIGNED, 01000000 00000000 8877665544332211 05200080 00000000 fffffffffeffffff"
    })
    void eventsHaveTheLayoutOfTheArchitecture(EpollEvents.Layout layout, String bytes) {
        EpollEvents events = new EpollEvents(layout, 2);
        int several =
                EpollEvents.EPOLLIN
                        | EpollEvents.EPOLLOUT
                        | EpollEvents.EPOLLRDHUP
                        | EpollEvents.EPOLLET;
        events.set(0, EpollEvents.EPOLLIN, 0x1122334455667788L);
        events.set(1, several, 0xfffffffeffffffffL);

        assertThat(hex(events.memory())).isEqualTo(bytes.replace(" ", ""));
        assertThat(events.events(0)).isEqualTo(1);
        assertThat(events.data(0)).isEqualTo(0x1122334455667788L);
        assertThat(events.events(1)).isEqualTo(several);
        assertThat(events.data(1)).isEqualTo(0xfffffffeffffffffL);
    }

    @Test
    void onlyX86PacksEvents() {
        assertThat(EpollEvents.Layout.of("amd64")).isEqualTo(EpollEvents.Layout.PACKED);
        assertThat(EpollEvents.Layout.of("aarch64")).isEqualTo(EpollEvents.Layout.ALIGNED);
    }

    static Stream<Arguments> addresses() throws UnknownHostException {
        byte[] linkLocal = InetAddress.getByName("fe80::1").getAddress();
        return Stream.of(
                arguments(
                        false,
                        new InetSocketAddress("127.0.0.1", 7777),
                        "02001e61 7f000001 0000000000000000"),
                arguments(
                        false,
                        new InetSocketAddress("0.0.0.0", 0),
                        "02000000 00000000 0000000000000000"),
                arguments(
                        true,
                        new InetSocketAddress("127.0.0.1", 65535),
                        "0a00ffff 00000000 00000000000000000000ffff7f000001 00000000"),
                arguments(
                        true,
                        new InetSocketAddress("::1", 1),
                        "0a000001 00000000 00000000000000000000000000000001 00000000"),
                arguments(
                        true,
                        new InetSocketAddress("2001:db8::a:b", 80),
                        "0a000050 00000000 20010db80000000000000000000a000b 00000000"),
                arguments(
                        true,
                        new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, 3), 80),
                        "0a000050 00000000 fe800000000000000000000000000001 03000000"));
    }

    @ParameterizedTest
    @MethodSource("addresses")
    void addressesHaveTheLayoutOfTheProtocol(
            boolean inet6, InetSocketAddress address, String bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Sockaddr.MAX_SIZE, 8);
            memory.fill((byte) 0x55); // leftover of an earlier use
            int size = Sockaddr.write(memory, address, inet6);
            assertThat(hex(memory.asSlice(0, size))).isEqualTo(bytes.replace(" ", ""));
            assertThat(Sockaddr.read(memory)).isEqualTo(address);
        }
    }

    @Test
    void theIpv4WildcardOnAnIpv6SocketCoversBothProtocols() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Sockaddr.MAX_SIZE, 8);
            int size = Sockaddr.write(memory, new InetSocketAddress("0.0.0.0", 80), true);
            assertThat(hex(memory.asSlice(0, size))).isEqualTo("0a000050" + "0".repeat(48));
        }
    }

    private static String hex(MemorySegment memory) {
        return HexFormat.of().formatHex(memory.toArray(ValueLayout.JAVA_BYTE));
    }
}
