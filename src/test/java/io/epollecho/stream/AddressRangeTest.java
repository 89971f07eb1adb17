package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

class AddressRangeTest {

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8,         10.0.0.0,          10.255.255.255,     9.255.255.255,  11.0.0.0",
        "192.0.2.128/25,     192.0.2.128,       192.0.2.255,        192.0.2.127,    192.0.3.0",
        "172.16.0.0/12,      172.16.0.0,        172.31.255.255,     172.15.255.255, 172.32.0.0",
        "192.0.2.7,          192.0.2.7,         192.0.2.7,          192.0.2.6,      192.0.2.8",
        "192.0.2.7/32,       192.0.2.7,         192.0.2.7,          192.0.2.6,      192.0.2.8",
        "0.0.0.0/0,          0.0.0.0,           255.255.255.255,    ::,             ::1",
        "::/0,               ::,                ffff::ffff,         0.0.0.0,        127.0.0.1",
        "fd00::/8,           fd00::,            fdff:ffff::1,       fcff::1,        fe00::",
        "2001:db8::/33,      2001:db8::,        2001:db8:7fff::1,   2001:db8:8000::, 2001:db7::",
        "2001:DB8::1,        2001:db8::1,       2001:db8::1,        2001:db8::,     2001:db8::2",
        "::ffff:10.0.0.0/104, 10.0.0.0,         10.255.255.255,     11.0.0.0,       ::1",
        "::ffff:0:0/96,      0.0.0.0,           255.255.255.255,    ::,             ::1"
    })
    void containsTheFirstToTheLastAddress(
            String text, String first, String last, String before, String after) {
        AddressRange range = AddressRange.of(text);
        assertThat(range.contains(InetAddress.ofLiteral(first))).isTrue();
        assertThat(range.contains(InetAddress.ofLiteral(last))).isTrue();
        assertThat(range.contains(InetAddress.ofLiteral(before))).isFalse();
        assertThat(range.contains(InetAddress.ofLiteral(after))).isFalse();
    }

    @Test
    void containsMappedAddressesAndAddressesWithAScope() throws UnknownHostException {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 1, 2, 3};
        InetAddress address = Inet6Address.getByAddress(null, mapped, 0);
        assertThat(address.getAddress()).hasSize(16);
        assertThat(AddressRange.of("10.0.0.0/8").contains(address)).isTrue();
        assertThat(AddressRange.of("11.0.0.0/8").contains(address)).isFalse();
        assertThat(AddressRange.of("::/0").contains(address)).isFalse();
        byte[] linkLocal = InetAddress.ofLiteral("fe80::1").getAddress();
        InetAddress scoped = Inet6Address.getByAddress(null, linkLocal, 1);
        assertThat(AddressRange.of("fe80::/10").contains(scoped)).isTrue();
        assertThat(AddressRange.of("fe80::1").contains(scoped)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3/8, 10.0.0.0/8",
        "192.0.2.7, 192.0.2.7/32",
        "::ffff:192.0.2.7, 192.0.2.7/32",
        "2001:db8::1/32, 2001:db8:0:0:0:0:0:0/32"
    })
    void clearsTheBitsAfterThePrefix(String text, String range) {
        assertThat(AddressRange.of(text)).hasToString(range);
        assertThat(AddressRange.of(text)).isEqualTo(AddressRange.of(range));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "/",
                "/8",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/+8",
                "10.0.0.0/08",
                "10.0.0.0/8/8",
                "10.0.0.0/255.0.0.0",
                "10.0.0.0/8 ",
                " 10.0.0.0/8",
                "10.0.0/8",
                "10",
                "10.0.0.256",
                "010.0.0.1",
                "10.0.0.٣",
                "fd00::/129",
                "fd00:/8",
                "fd00:::/8",
                "::1::",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4:5:6:7::8",
                "12345::",
                "fe80::1%eth0",
                "[::1]",
                "1.2.3.4::",
                "::1.2.3",
                "::ffff:0:0/95",
                "localhost",
                "10.0.0.0/99999999999"
            })
    void refusesInvalidTextsAndDescribesTheFormat(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AddressRange.of(text))
                .withMessage(
                        "\"%s\" is not an address range: it must be an IPv4 or IPv6 address,"
                            + " optionally followed by / and a prefix length, such as 10.0.0.0/8,"
                            + " 192.0.2.1 or fd00::/8",
                        text);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 33})
    void refusesAPrefixLongerThanTheAddress(int prefixLength) {
        InetAddress network = InetAddress.ofLiteral("10.0.0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AddressRange(network, prefixLength))
                .withMessageContaining("0 to 32");
    }
}
