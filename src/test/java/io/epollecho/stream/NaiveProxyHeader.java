package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a header from a complete array of bytes, as simply as possible. Shares no code with the
 * parser with which it is compared.
 */
final class NaiveProxyHeader {

    private static final String OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final String IPV4 = OCTET + "(?:\\." + OCTET + "){3}";
    private static final String PORT = "(0|[1-9][0-9]{0,4})";
    private static final String IPV6_LIKE = "[0-9a-fA-F:]+:(?:" + IPV4 + "|[0-9a-fA-F]{0,4})";
    private static final String ANY = IPV4 + "|" + IPV6_LIKE;
    private static final Pattern TCP4 =
            Pattern.compile(
                    "PROXY TCP4 (%s) (%s) %s %s".formatted(IPV4, ANY, PORT, PORT), Pattern.DOTALL);
    private static final Pattern TCP6 =
            Pattern.compile("PROXY TCP6 (%s) (%s) %s %s".formatted(IPV6_LIKE, ANY, PORT, PORT));
    private static final Pattern UNKNOWN = Pattern.compile("PROXY UNKNOWN(?: .*)?", Pattern.DOTALL);
    private static final Pattern FIVE_DIGITS = Pattern.compile("[0-9a-fA-F]{5}");

    private NaiveProxyHeader() {}

    /**
     * Returns the header at the start of the bytes, or null if there is no complete valid header.
     */
    static @Nullable ProxyHeader read(byte[] bytes) {
        return bytes.length > 0 && bytes[0] == 'P' ? text(bytes) : binary(bytes);
    }

    private static @Nullable ProxyHeader text(byte[] bytes) {
        String all = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = all.indexOf("\r\n");
        if (end < 0 || end + 2 > 107) {
            return null;
        }
        String line = all.substring(0, end);
        if (UNKNOWN.matcher(line).matches()) {
            return new ProxyHeader(1, false, null, null, end + 2);
        }
        Matcher fields = TCP4.matcher(line);
        if (!fields.matches()) {
            fields = TCP6.matcher(line);
            if (!fields.matches()) {
                return null;
            }
        }
        InetSocketAddress source = address(fields.group(1), fields.group(3));
        InetSocketAddress destination = address(fields.group(2), fields.group(4));
        return source == null || destination == null
                ? null
                : new ProxyHeader(1, false, source, destination, end + 2);
    }

    private static @Nullable InetSocketAddress address(String literal, String port) {
        if (Integer.parseInt(port) > 65535
                || (literal.contains(":") && FIVE_DIGITS.matcher(literal).find())) {
            return null;
        }
        try {
            return new InetSocketAddress(InetAddress.ofLiteral(literal), Integer.parseInt(port));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static @Nullable ProxyHeader binary(byte[] bytes) {
        byte[] signature = "\r\n\r\n\0\r\nQUIT\n".getBytes(StandardCharsets.US_ASCII);
        if (bytes.length < 16 || !Arrays.equals(signature, Arrays.copyOf(bytes, 12))) {
            return null;
        }
        int length = 16 + Short.toUnsignedInt(ByteBuffer.wrap(bytes).getShort(14));
        if (bytes.length < length) {
            return null;
        }
        byte[] header = Arrays.copyOf(bytes, length);
        int family = header[13] & 0xF0;
        int transport = header[13] & 0x0F;
        if (header[12] == 0x20) {
            return new ProxyHeader(2, true, null, null, length);
        }
        if (header[12] != 0x21 || family > 0x30 || transport > 2 || length > 4096) {
            return null;
        }
        if (family == 0 || transport == 0) {
            return new ProxyHeader(2, false, null, null, length);
        }
        int extensions = 16 + (family == 0x10 ? 12 : family == 0x20 ? 36 : 216);
        if (length < extensions || !areWellFormed(header, extensions)) {
            return null;
        }
        if (family == 0x30 || transport != 1) {
            return new ProxyHeader(2, false, null, null, length);
        }
        int size = family == 0x10 ? 4 : 16;
        return new ProxyHeader(
                2,
                false,
                address(header, 16, size, extensions - 4),
                address(header, 16 + size, size, extensions - 2),
                length);
    }

    private static boolean areWellFormed(byte[] header, int from) {
        int checksumAt = -1;
        int at = from;
        while (at < header.length) {
            if (at + 3 > header.length) {
                return false;
            }
            int size = Short.toUnsignedInt(ByteBuffer.wrap(header).getShort(at + 1));
            if (header[at] == 3) {
                if (checksumAt >= 0 || size != 4) {
                    return false;
                }
                checksumAt = at + 3;
            }
            at += 3 + size;
        }
        if (at != header.length) {
            return false;
        }
        if (checksumAt < 0) {
            return true;
        }
        int received = ByteBuffer.wrap(header).getInt(checksumAt);
        byte[] cleared = header.clone();
        ByteBuffer.wrap(cleared).putInt(checksumAt, 0);
        return received == crc32c(cleared);
    }

    private static InetSocketAddress address(byte[] header, int at, int size, int portAt) {
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(Arrays.copyOfRange(header, at, at + size)),
                    Short.toUnsignedInt(ByteBuffer.wrap(header).getShort(portAt)));
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    /** Computes the checksum bit by bit, with the reflected polynomial of RFC 4960, appendix B. */
    static int crc32c(byte[] bytes) {
        int crc = -1;
        for (byte value : bytes) {
            crc ^= value & 0xFF;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ 0x82F63B78;
            }
        }
        return ~crc;
    }
}
