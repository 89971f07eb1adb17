package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

class AddressPrefixTest {

    private static AddressPrefix prefix(String address, int length) {
        return AddressPrefix.of(InetAddress.ofLiteral(address), length);
    }

    /** Each pair differs in the last bit of the prefix or in the first bit after it. */
    @ParameterizedTest
    @CsvSource({
        "1, 2001:db8::1, a001:db8::1, 6001:db8::1",
        "48, 2001:db8:8::1, 2001:db8:9::1, 2001:db8:8:8000::1",
        "63, 2001:db8:0:2::1, 2001:db8::1, 2001:db8:0:3::1",
        "64, 2001:db8::1, 2001:db8:0:1::1, 2001:db8:0:0:8000::1",
        "65, 2001:db8::1, 2001:db8:0:0:8000::1, 2001:db8:0:0:4000::1",
        "127, 2001:db8::2, 2001:db8::, 2001:db8::3"
    })
    void comparesOnlyThePrefix(int length, String one, String outside, String inside) {
        assertThat(prefix(inside, length))
                .isEqualTo(prefix(one, length))
                .hasSameHashCodeAs(prefix(one, length));
        assertThat(prefix(outside, length)).isNotEqualTo(prefix(one, length));
    }

    @Test
    void comparesTheCompleteIpv6Address() {
        assertThat(prefix("2001:db8::1", 128))
                .isEqualTo(prefix("2001:db8:0:0:0:0:0:1", 128))
                .isNotEqualTo(prefix("2001:db8::", 128))
                .isNotEqualTo(prefix("2001:db8::3", 128));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 128})
    void comparesTheCompleteIpv4Address(int length) {
        assertThat(prefix("192.0.2.1", length))
                .isEqualTo(prefix("192.0.2.1", length))
                .isNotEqualTo(prefix("192.0.2.0", length))
                .isNotEqualTo(prefix("64.0.2.1", length));
    }

    /**
     * All IPv4-mapped addresses share one 96-bit prefix, which must not be counted as one network.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 64, 128})
    void treatsAnIpv4MappedAddressAsIpv4(int length) throws UnknownHostException {
        assertThat(AddressPrefix.of(mapped(1), length))
                .isEqualTo(prefix("192.0.2.1", length))
                .isNotEqualTo(AddressPrefix.of(mapped(2), length));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 128})
    void treatsNoOtherIpv6AddressAsIpv4(int length) {
        assertThat(prefix("::1", length)).isNotEqualTo(prefix("0.0.0.1", length));
        assertThat(prefix("::", length)).isNotEqualTo(prefix("0.0.0.0", length));
        assertThat(prefix("c000:201::", length)).isNotEqualTo(prefix("192.0.2.1", length));
    }

    private static InetAddress mapped(int last) throws UnknownHostException {
        byte[] bytes = new byte[16];
        bytes[10] = (byte) 0xff;
        bytes[11] = (byte) 0xff;
        bytes[12] = (byte) 192;
        bytes[14] = 2;
        bytes[15] = (byte) last;
        return Inet6Address.getByAddress(null, bytes, -1);
    }
}
