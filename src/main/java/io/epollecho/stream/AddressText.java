package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Parsers for addresses and ports. They are stricter than {@link InetAddress#ofLiteral}, which also
 * accepts {@code 10.1}, leading zeros and scopes.
 */
final class AddressText {

    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;

    private AddressText() {}

    /**
     * Parses an IPv4 address of four decimal numbers without leading zeros. Returns null if it is
     * invalid.
     */
    static byte @Nullable [] ipv4(String text) {
        String[] numbers = text.split("\\.", -1);
        if (numbers.length != IPV4_BYTES) {
            return null;
        }
        byte[] address = new byte[IPV4_BYTES];
        for (int i = 0; i < IPV4_BYTES; i++) {
            int number = decimal(numbers[i], 255);
            if (number < 0) {
                return null;
            }
            address[i] = (byte) number;
        }
        return address;
    }

    /**
     * Parses an IPv6 address in one of the three forms of RFC 4291, 2.2. Returns null if it is
     * invalid. The third form, which ends in an IPv4 address, is how inet_ntop(3) writes
     * IPv4-mapped addresses.
     */
    static byte @Nullable [] ipv6(String text) {
        int gap = text.indexOf("::");
        if (gap < 0) {
            byte[] address = groups(text, true);
            return address != null && address.length == IPV6_BYTES ? address : null;
        }
        byte[] head = gap == 0 ? new byte[0] : groups(text.substring(0, gap), false);
        String rest = text.substring(gap + 2);
        byte[] tail = rest.isEmpty() ? new byte[0] : groups(rest, true);
        // The gap represents at least one group.
        if (head == null || tail == null || head.length + tail.length > IPV6_BYTES - 2) {
            return null;
        }
        byte[] address = Arrays.copyOf(head, IPV6_BYTES);
        System.arraycopy(tail, 0, address, IPV6_BYTES - tail.length, tail.length);
        return address;
    }

    private static byte @Nullable [] groups(String text, boolean mayEndInIpv4) {
        String[] groups = text.split(":", -1);
        byte[] bytes = new byte[2 * groups.length + 2];
        int length = 0;
        for (int i = 0; i < groups.length; i++) {
            String group = groups[i];
            if (mayEndInIpv4 && i == groups.length - 1 && group.indexOf('.') >= 0) {
                byte[] ipv4 = ipv4(group);
                if (ipv4 == null) {
                    return null;
                }
                System.arraycopy(ipv4, 0, bytes, length, IPV4_BYTES);
                length += IPV4_BYTES;
            } else {
                if (group.isEmpty()
                        || group.length() > 4
                        || !group.chars().allMatch(HexFormat::isHexDigit)) {
                    return null;
                }
                int number = HexFormat.fromHexDigits(group);
                bytes[length++] = (byte) (number >> 8);
                bytes[length++] = (byte) number;
            }
        }
        return Arrays.copyOf(bytes, length);
    }

    /**
     * Parses a decimal number of at most five digits without leading zeros. Returns -1 if it is
     * invalid or greater than {@code max}.
     */
    static int decimal(String digits, int max) {
        if (digits.isEmpty()
                || digits.length() > 5
                || (digits.length() > 1 && digits.charAt(0) == '0')
                || !digits.chars().allMatch(digit -> digit >= '0' && digit <= '9')) {
            return -1;
        }
        int number = Integer.parseInt(digits);
        return number <= max ? number : -1;
    }

    /**
     * Returns the address that consists of 4 or 16 bytes. An IPv4-mapped address becomes an IPv4
     * address.
     */
    static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError(e); // thrown only for a wrong number of bytes
        }
    }
}
