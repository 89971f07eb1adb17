package io.epollecho.stream;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.zip.CRC32C;

/**
 * An encoder of PROXY protocol headers for TCP connections. If only one of the two addresses is
 * IPv6, the other is written as an IPv4-mapped address.
 */
public final class ProxyHeaderEncoder {

    private static final int IPV6_BYTES = 16;
    private static final int CRC32C_TLV = 7;
    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;
    private static final int TCP_OVER_IPV4 = 0x11;
    private static final int TCP_OVER_IPV6 = 0x21;

    private ProxyHeaderEncoder() {}

    /**
     * Returns a version 1 header.
     *
     * @param source the address of the client
     * @param destination the address that the client connected to
     * @return the bytes of the line, with CR and LF
     * @throws IllegalArgumentException if an address is unresolved
     */
    public static byte[] version1(InetSocketAddress source, InetSocketAddress destination) {
        int bytes = addressLength(source, destination);
        return ascii(
                String.format(
                        Locale.ROOT,
                        "PROXY %s %s %s %d %d\r\n",
                        bytes == IPV6_BYTES ? "TCP6" : "TCP4",
                        text(address(source, bytes)),
                        text(address(destination, bytes)),
                        source.getPort(),
                        destination.getPort()));
    }

    /**
     * Returns a version 1 header for a connection whose addresses are unknown.
     *
     * @return the bytes of the line, with CR and LF
     */
    public static byte[] version1Unknown() {
        return ascii("PROXY UNKNOWN\r\n");
    }

    /**
     * Returns a version 2 header for a forwarded connection.
     *
     * @param source the address of the client
     * @param destination the address that the client connected to
     * @param checksum true to add a CRC32C
     * @return the bytes of the header
     * @throws IllegalArgumentException if an address is unresolved
     */
    public static byte[] version2(
            InetSocketAddress source, InetSocketAddress destination, boolean checksum) {
        int bytes = addressLength(source, destination);
        ByteBuffer block =
                ByteBuffer.allocate(2 * bytes + 4)
                        .put(address(source, bytes))
                        .put(address(destination, bytes))
                        .putShort((short) source.getPort())
                        .putShort((short) destination.getPort());
        int family = bytes == IPV6_BYTES ? TCP_OVER_IPV6 : TCP_OVER_IPV4;
        return binary(PROXY, family, block.array(), checksum);
    }

    /**
     * Returns a version 2 header for a connection that the proxy itself opened, such as a health
     * check.
     *
     * @param checksum true to add a CRC32C
     * @return the bytes of the header
     */
    public static byte[] version2Local(boolean checksum) {
        return binary(LOCAL, 0, new byte[0], checksum);
    }

    private static byte[] binary(int command, int family, byte[] block, boolean checksum) {
        int length = block.length + (checksum ? CRC32C_TLV : 0);
        ByteBuffer header =
                ByteBuffer.allocate(ProxyHeaderParser.FIXED_LENGTH + length)
                        .put(ProxyHeaderParser.SIGNATURE)
                        .put((byte) command)
                        .put((byte) family)
                        .putShort((short) length)
                        .put(block);
        if (checksum) {
            header.put((byte) ProxyHeaderParser.TYPE_CRC32C).putShort((short) Integer.BYTES);
            CRC32C crc = new CRC32C();
            crc.update(header.array());
            header.putInt((int) crc.getValue());
        }
        return header.array();
    }

    private static int addressLength(InetSocketAddress source, InetSocketAddress destination) {
        return Math.max(
                resolved(source).getAddress().length, resolved(destination).getAddress().length);
    }

    private static InetAddress resolved(InetSocketAddress address) {
        InetAddress resolved = address.getAddress();
        if (resolved == null) {
            throw new IllegalArgumentException("The address is unresolved: " + address);
        }
        return resolved;
    }

    private static byte[] address(InetSocketAddress address, int length) {
        byte[] bytes = resolved(address).getAddress();
        if (bytes.length == length) {
            return bytes;
        }
        return ByteBuffer.allocate(length)
                .position(length - bytes.length - 2)
                .putShort((short) 0xFFFF)
                .put(bytes)
                .array();
    }

    private static String text(byte[] address) {
        boolean ipv6 = address.length == IPV6_BYTES;
        StringJoiner text = new StringJoiner(ipv6 ? ":" : ".");
        for (int i = 0; i < address.length; i += ipv6 ? 2 : 1) {
            int first = address[i] & 0xFF;
            text.add(
                    ipv6
                            ? Integer.toHexString(first << 8 | (address[i + 1] & 0xFF))
                            : Integer.toString(first));
        }
        return text.toString();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
