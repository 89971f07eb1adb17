package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;

class SocketAddressesTest {

    @Test
    void putsAnIpv6AddressInBrackets() {
        assertThat(format("10.0.0.1")).isEqualTo("10.0.0.1:7");
        assertThat(format("2001:db8:0:0:0:0:0:1")).isEqualTo("[2001:db8::1]:7");
    }

    private static String format(String address) {
        return SocketAddresses.format(new InetSocketAddress(InetAddress.ofLiteral(address), 7));
    }
}
