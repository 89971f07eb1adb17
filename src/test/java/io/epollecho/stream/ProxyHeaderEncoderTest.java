package io.epollecho.stream;

import static io.epollecho.stream.ProxyHeaders.SIGNATURE;
import static io.epollecho.stream.ProxyHeaders.address;
import static io.epollecho.stream.ProxyHeaders.hex;
import static io.epollecho.stream.ProxyHeaders.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;

class ProxyHeaderEncoderTest {

    private static final InetSocketAddress IPV4 = address("192.0.2.1", 54321);
    private static final InetSocketAddress OTHER_IPV4 = address("255.0.255.0", 443);
    private static final InetSocketAddress IPV6 = address("2001:db8::abcd", 1);

    @Test
    void encodesVersion1Lines() {
        assertThat(ProxyHeaderEncoder.version1(IPV4, OTHER_IPV4))
                .isEqualTo(line("PROXY TCP4 192.0.2.1 255.0.255.0 54321 443"));
        assertThat(ProxyHeaderEncoder.version1(IPV6, IPV6))
                .isEqualTo(line("PROXY TCP6 2001:db8:0:0:0:0:0:abcd 2001:db8:0:0:0:0:0:abcd 1 1"));
        assertThat(ProxyHeaderEncoder.version1(IPV4, IPV6))
                .isEqualTo(
                        line("PROXY TCP6 0:0:0:0:0:ffff:c000:201 2001:db8:0:0:0:0:0:abcd 54321 1"));
        assertThat(ProxyHeaderEncoder.version1Unknown()).isEqualTo(line("PROXY UNKNOWN"));
    }

    @Test
    void encodesVersion2Headers() {
        assertThat(ProxyHeaderEncoder.version2(IPV4, OTHER_IPV4, false))
                .isEqualTo(hex(SIGNATURE + "21 11 000c c0000201 ff00ff00 d431 01bb"));
        assertThat(ProxyHeaderEncoder.version2(IPV4, IPV6, false))
                .isEqualTo(
                        hex(
                                SIGNATURE
                                        + "21 21 0024 00000000000000000000ffffc0000201"
                                        + "20010db800000000000000000000abcd d431 0001"));
        assertThat(ProxyHeaderEncoder.version2Local(false))
                .isEqualTo(hex(SIGNATURE + "20 00 0000"));
    }

    @Test
    void encodesChecksums() {
        assertThat(ProxyHeaderEncoder.version2(IPV4, OTHER_IPV4, true))
                .isEqualTo(
                        ProxyHeaders.checksummed(
                                hex(
                                        SIGNATURE
                                                + "21 11 0013 c0000201 ff00ff00 d431 01bb 03 0004"
                                                + " 00000000")));
        assertThat(ProxyHeaderEncoder.version2Local(true))
                .isEqualTo(
                        ProxyHeaders.checksummed(hex(SIGNATURE + "20 00 0007 03 0004 00000000")));
    }

    @Test
    void refusesAnUnresolvedAddress() {
        InetSocketAddress unresolved = InetSocketAddress.createUnresolved("example.org", 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxyHeaderEncoder.version1(unresolved, IPV4))
                .withMessageContaining("unresolved");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxyHeaderEncoder.version2(IPV4, unresolved, true))
                .withMessageContaining("unresolved");
    }
}
