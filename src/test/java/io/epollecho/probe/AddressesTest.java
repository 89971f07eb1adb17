package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;

class AddressesTest {

    /**
     * Of several runs of zeros, the longest is left out, or else the first; see RFC 5952, 4.2.3.
     */
    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, 10.0.0.1:7",
        "::1, [::1]:7",
        "::, [::]:7",
        "2001:db8::1, [2001:db8::1]:7",
        "2001:0:0:1:0:0:0:1, [2001:0:0:1::1]:7",
        "2001:db8:0:0:1:0:0:1, [2001:db8::1:0:0:1]:7",
        "2001:db8:0:1:1:1:1:1, [2001:db8:0:1:1:1:1:1]:7",
        "1:2:3:4:5:6:0:0, [1:2:3:4:5:6::]:7",
    })
    void leavesOutTheLongestRunOfZeros(String address, String text) {
        assertThat(Addresses.withPort(new InetSocketAddress(InetAddress.ofLiteral(address), 7)))
                .isEqualTo(text);
    }
}
