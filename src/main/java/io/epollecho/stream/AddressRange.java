package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.util.Locale;

/**
 * A range of addresses in CIDR notation (RFC 4632, RFC 4291 2.3). IPv4-mapped IPv6 addresses are
 * treated as the IPv4 addresses that they represent, both in ranges and in addresses that are
 * looked up.
 *
 * @param network the first address of the range
 * @param prefixLength the number of leading bits that all addresses in the range share
 */
public record AddressRange(InetAddress network, int prefixLength) {

    private static final int MAPPED_BITS = 96;

    /**
     * Creates a range.
     *
     * @throws IllegalArgumentException if the prefix length is negative or greater than the number
     *     of bits of the address
     */
    public AddressRange {
        byte[] bytes = network.getAddress();
        if (prefixLength < 0 || prefixLength > 8 * bytes.length) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "The prefix length %d is invalid. It must be 0 to %d.",
                            prefixLength,
                            8 * bytes.length));
        }
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] &= (byte) (0xFF << (8 - bitsInByte(i, prefixLength)));
        }
        network = AddressText.address(bytes);
    }

    /**
     * Parses a range such as {@code 10.0.0.0/8}, {@code fd00::/8} or {@code 192.0.2.1}. A single
     * address is a range that contains only this address. Bits after the prefix are cleared.
     *
     * @param text the range; host names and scopes are not allowed
     * @return the range
     * @throws IllegalArgumentException if the text is not a valid range; the message quotes the
     *     text and describes the format
     */
    public static AddressRange of(String text) {
        AddressRange range = parseOrNull(text);
        if (range == null) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "\"%s\" is not an address range: it must be an IPv4 or IPv6 address,"
                                    + " optionally followed by / and a prefix length, such as"
                                    + " 10.0.0.0/8, 192.0.2.1 or fd00::/8",
                            text));
        }
        return range;
    }

    private static @Nullable AddressRange parseOrNull(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        byte[] bytes = AddressText.ipv4(address);
        if (bytes == null) {
            bytes = AddressText.ipv6(address);
        }
        if (bytes == null) {
            return null;
        }
        int bits = 8 * bytes.length;
        int prefixLength = slash < 0 ? bits : AddressText.decimal(text.substring(slash + 1), bits);
        if (prefixLength < 0) {
            return null;
        }
        InetAddress network = AddressText.address(bytes);
        if (network.getAddress().length == bytes.length) {
            return new AddressRange(network, prefixLength);
        }
        // A mapped address: a shorter prefix would include addresses that are not IPv4.
        return prefixLength < MAPPED_BITS
                ? null
                : new AddressRange(network, prefixLength - MAPPED_BITS);
    }

    /**
     * Returns whether an address is in the range.
     *
     * @param address the address; a scope is ignored
     * @return true if its leading bits are those of the range
     */
    public boolean contains(InetAddress address) {
        byte[] bytes = AddressText.address(address.getAddress()).getAddress();
        byte[] own = network.getAddress();
        if (bytes.length != own.length) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            int ignored = 8 - bitsInByte(i, prefixLength);
            if ((bytes[i] & 0xFF) >> ignored != (own[i] & 0xFF) >> ignored) {
                return false;
            }
        }
        return true;
    }

    private static int bitsInByte(int index, int prefixLength) {
        return Math.clamp(prefixLength - 8L * index, 0, 8);
    }

    /** Returns the range in CIDR notation. */
    @Override
    public String toString() {
        return network.getHostAddress() + "/" + prefixLength;
    }
}
