package io.epollecho.server;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * The network prefix by which connections are counted. An IPv4 address counts individually. An IPv6
 * address counts by its prefix: a client usually owns an entire /64 (RFC 6177) and could otherwise
 * evade a limit per address by changing addresses.
 *
 * @param network the address with the bits after the prefix cleared
 */
record AddressPrefix(InetAddress network) {

    /**
     * Returns the prefix of an address.
     *
     * @param address the address
     * @param ipv6PrefixLength the number of leading bits that count in an IPv6 address, 1 to 128
     */
    static AddressPrefix of(InetAddress address, int ipv6PrefixLength) {
        byte[] bytes = address.getAddress();
        if (canonical(bytes) instanceof Inet4Address ipv4) {
            return new AddressPrefix(ipv4);
        }
        for (int i = 0; i < bytes.length; i++) {
            int kept = Math.clamp(ipv6PrefixLength - 8L * i, 0, 8);
            bytes[i] &= (byte) (0xFF << (8 - kept));
        }
        return new AddressPrefix(canonical(bytes));
    }

    /** Returns the address without a scope. Converts an IPv4-mapped address to IPv4. */
    private static InetAddress canonical(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError(e); // thrown only for a wrong number of bytes
        }
    }
}
