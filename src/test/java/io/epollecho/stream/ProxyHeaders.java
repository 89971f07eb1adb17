package io.epollecho.stream;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Headers as bytes, created without the encoder under test. */
final class ProxyHeaders {

    static final String SIGNATURE = "0d0a0d0a000d0a515549540a";

    private ProxyHeaders() {}

    static byte[] line(String text) {
        return (text + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Returns a version 2 header whose length field matches the block. */
    static byte[] binary(int command, int family, byte[] block) {
        return binary(command, family, block.length, block);
    }

    static byte[] binary(int command, int family, int length, byte[] block) {
        return ByteBuffer.allocate(16 + block.length)
                .put(HexFormat.of().parseHex(SIGNATURE))
                .put((byte) command)
                .put((byte) family)
                .putShort((short) length)
                .put(block)
                .array();
    }

    static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }

    static byte[] concat(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    static byte[] tlv(int type, byte[] value) {
        return ByteBuffer.allocate(3 + value.length)
                .put((byte) type)
                .putShort((short) value.length)
                .put(value)
                .array();
    }

    /** Writes the correct checksum into the last four bytes. */
    static byte[] checksummed(byte[] header) {
        ByteBuffer bytes = ByteBuffer.wrap(header);
        bytes.putInt(header.length - 4, 0);
        return bytes.putInt(header.length - 4, NaiveProxyHeader.crc32c(header)).array();
    }

    static InetSocketAddress address(String literal, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(literal), port);
    }

    static ProxyHeaderParser.Result parse(byte[] bytes) {
        return new ProxyHeaderParser().parse(ByteBuffer.wrap(bytes));
    }
}
