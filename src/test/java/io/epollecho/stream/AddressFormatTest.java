package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;

class AddressFormatTest {

    /**
     * Of several runs of zeros, the longest is left out, or else the first; see RFC 5952, 4.2.3.
     */
    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, 10.0.0.1",
        "::1, ::1",
        "::, ::",
        "2001:db8::1, 2001:db8::1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "1:2:3:4:5:6:0:0, 1:2:3:4:5:6::",
    })
    void leavesOutTheLongestRunOfZeros(String address, String text) {
        assertThat(AddressFormat.format(InetAddress.ofLiteral(address))).isEqualTo(text);
    }
}
