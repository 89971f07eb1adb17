package io.epollecho.stream;

import static io.epollecho.stream.ProxyHeaders.address;
import static io.epollecho.stream.ProxyHeaders.binary;
import static io.epollecho.stream.ProxyHeaders.checksummed;
import static io.epollecho.stream.ProxyHeaders.concat;
import static io.epollecho.stream.ProxyHeaders.hex;
import static io.epollecho.stream.ProxyHeaders.line;
import static io.epollecho.stream.ProxyHeaders.parse;
import static io.epollecho.stream.ProxyHeaders.tlv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.epollecho.stream.ProxyHeaderParser.Complete;
import io.epollecho.stream.ProxyHeaderParser.Incomplete;
import io.epollecho.stream.ProxyHeaderParser.Invalid;
import io.epollecho.stream.ProxyHeaderParser.Result;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Tests of the rules in HAProxy's {@code doc/proxy-protocol.txt}, one by one. */
class ProxyHeaderParserTest {

    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;
    private static final byte[] IPV4_BLOCK = hex("c0000201 c6336402 d431 01bb");
    private static final byte[] IPV6_BLOCK =
            hex("20010db8000000000000000000000001 20010db8000000000000000000000002 d431 01bb");

    // ---- version 1 ----------------------------------------------------------------------------

    @Test
    void lineOfIpv4() {
        assertAddresses(
                line("PROXY TCP4 192.0.2.1 198.51.100.2 54321 443"),
                1,
                address("192.0.2.1", 54321),
                address("198.51.100.2", 443));
    }

    @ParameterizedTest
    @CsvSource({
        "2001:db8::1,                             2001:db8::1",
        "2001:DB8::aBcD,                          2001:db8::abcd",
        "2001:0db8:0000:0000:0000:0000:0000:0001, 2001:db8::1",
        "::,                                      ::",
        "::1,                                     ::1",
        "1::,                                     1::",
        "1:2:3:4:5:6:7::,                         1:2:3:4:5:6:7:0",
        "::2:3:4:5:6:7:8,                         0:2:3:4:5:6:7:8",
        "::ffff:192.0.2.7,                        192.0.2.7",
        "::ffff:c000:207,                         192.0.2.7",
        "1:2:3:4:5:6:1.2.3.4,                     1:2:3:4:5:6:102:304"
    })
    void lineOfIpv6(String written, String meant) {
        assertAddresses(
                line("PROXY TCP6 %s ::2 1 2".formatted(written)),
                1,
                address(meant, 1),
                address("::2", 2));
        assertAddresses(
                line("PROXY TCP6 ::2 %s 1 2".formatted(written)),
                1,
                address("::2", 1),
                address(meant, 2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4:5:6:7::8",
                "1::2::3",
                ":::",
                ":",
                ":1",
                "1:",
                "1:::2",
                ":1::2",
                "1::2:",
                "12345::",
                "00001::",
                "g::",
                "-1::",
                "+1::",
                "fe80::1%eth0",
                "[::1]",
                "::1.2.3",
                "::01.2.3.4",
                "::256.2.3.4",
                "1.2.3.4::",
                "::1.2.3.4:5",
                "1:2:3:4:5:6:7:1.2.3.4",
                ""
            })
    void invalidIpv6Addresses(String address) {
        assertInvalid(line("PROXY TCP6 %s ::2 1 2".formatted(address)), "address");
        assertInvalid(line("PROXY TCP6 ::2 %s 1 2".formatted(address)), "address");
    }

    /** nginx writes the family of the source, which it may have from another header. */
    @Test
    void lineWithADestinationOfTheOtherFamily() {
        assertAddresses(
                line("PROXY TCP6 2001:db8::1 192.0.2.1 1 2"),
                1,
                address("2001:db8::1", 1),
                address("192.0.2.1", 2));
        assertAddresses(
                line("PROXY TCP4 192.0.2.1 2001:db8::1 1 2"),
                1,
                address("192.0.2.1", 1),
                address("2001:db8::1", 2));
        assertInvalid(line("PROXY TCP6 192.0.2.1 2001:db8::1 1 2"), "address");
        assertInvalid(line("PROXY TCP4 2001:db8::1 192.0.2.1 1 2"), "address");
        assertInvalid(line("PROXY TCP6 192.0.2.1 192.0.2.2 1 2"), "address");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "192.0.2",
                "192.0.2.1.1",
                "192.0.2.",
                ".192.0.2.1",
                "192..2.1",
                "192.0.2.256",
                "192.0.2.01",
                "192.0.2.00",
                "00.0.0.0",
                "192.0.2.0x1",
                "192.0.2.-1",
                "192.0.2.+1",
                "192.0.2.a",
                "3221225985",
                "localhost",
                ""
            })
    void invalidIpv4Addresses(String address) {
        assertInvalid(line("PROXY TCP4 %s 192.0.2.2 1 2".formatted(address)), "address");
        assertInvalid(line("PROXY TCP4 192.0.2.2 %s 1 2".formatted(address)), "address");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 9, 10, 65534, 65535})
    void portsInRange(int port) {
        assertAddresses(
                line("PROXY TCP4 0.0.0.0 255.255.255.255 %d %d".formatted(port, 65535 - port)),
                1,
                address("0.0.0.0", port),
                address("255.255.255.255", 65535 - port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"65536", "99999", "100000", "01", "00", "-1", "+1", "0x1", "1a", ""})
    void invalidPorts(String port) {
        assertInvalid(line("PROXY TCP4 192.0.2.1 192.0.2.2 %s 2".formatted(port)), "port");
        assertInvalid(line("PROXY TCP4 192.0.2.1 192.0.2.2 1 %s".formatted(port)), "port");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PROXY TCP4",
                "PROXY TCP4 ",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 ",
                "PROXY TCP4  192.0.2.1 192.0.2.2 1 2",
                "PROXY TCP4 192.0.2.1  192.0.2.2 1 2",
                "PROXY TCP4 192.0.2.1 192.0.2.2  1 2",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1  2",
                "PROXY TCP4 192.0.2.1\t192.0.2.2 1 2",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\t",
                "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\0",
                "PROXY TCP4\t192.0.2.1 192.0.2.2 1 2",
                "PROXY\tTCP4 192.0.2.1 192.0.2.2 1 2",
                "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2",
                " PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
                "proxy TCP4 192.0.2.1 192.0.2.2 1 2",
                "PROXY tcp4 192.0.2.1 192.0.2.2 1 2",
                "PROXY TCP 192.0.2.1 192.0.2.2 1 2",
                "PROXY TCP5 192.0.2.1 192.0.2.2 1 2",
                "PROXY TCP44 192.0.2.1 192.0.2.2 1 2",
                "PROXY UDP4 192.0.2.1 192.0.2.2 1 2",
                "PROXY unknown",
                "PROXY UNKNOWN2",
                "PROXY UNKNOWN\rx",
                "PROXY",
                "PROXY ",
                "GET / HTTP/1.1",
                "\r\nPROXY UNKNOWN"
            })
    void invalidLines(String text) {
        assertThat(parse(line(text))).isInstanceOf(Invalid.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PROXY UNKNOWN",
                "PROXY UNKNOWN ",
                "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535",
                "PROXY UNKNOWN \0\u00ff \r \n \r\r"
            })
    void unknownIsAcceptedRegardlessOfWhatFollows(String text) {
        byte[] header = line(text);
        assertThat(parse(header))
                .isEqualTo(new Complete(new ProxyHeader(1, false, null, null, header.length)));
    }

    @Test
    void aLineHasAtMost107Bytes() {
        byte[] longest = line("PROXY UNKNOWN " + "x".repeat(91));
        assertThat(longest).hasSize(107);
        assertThat(parse(longest))
                .isEqualTo(new Complete(new ProxyHeader(1, false, null, null, 107)));
        byte[] longer = line("PROXY UNKNOWN " + "x".repeat(92));
        assertInvalid(longer, "longer than 107 bytes");
        assertInvalidAt(106, longer);
        assertInvalidAt(106, line("PROXY TCP4 " + "1".repeat(1000)));
        assertInvalidAt(107, ascii("PROXY UNKNOWN " + "x".repeat(91) + "\rx"));
        String address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        assertThat(parse(line("PROXY TCP6 %s %s 65535 65535".formatted(address, address))))
                .isInstanceOf(Complete.class);
    }

    @Test
    void aLineEndsOnlyWithCrAndLf() {
        String text = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2";
        assertInvalidAt(text.length() + 1, ascii(text + "\nGET"));
        assertInvalidAt(text.length() + 2, ascii(text + "\rGET"));
        assertInvalidAt(text.length() + 2, ascii(text + "\r\r\n"));
        assertThat(parse(ascii("PROXY UNKNOWN x\n"))).isInstanceOf(Incomplete.class);
        assertThat(parse(ascii("PROXY UNKNOWN x\r"))).isInstanceOf(Incomplete.class);
    }

    // ---- version 2 ----------------------------------------------------------------------------

    @Test
    void binaryOfIpv4() {
        assertAddresses(
                binary(PROXY, 0x11, IPV4_BLOCK),
                2,
                address("192.0.2.1", 54321),
                address("198.51.100.2", 443));
    }

    @Test
    void binaryOfIpv6() {
        assertAddresses(
                binary(PROXY, 0x21, IPV6_BLOCK),
                2,
                address("2001:db8::1", 54321),
                address("2001:db8::2", 443));
    }

    @Test
    void mappedAddressesAreIpv4() {
        assertAddresses(
                binary(
                        PROXY,
                        0x21,
                        hex(
                                "00000000000000000000ffffc0000201"
                                        + "00000000000000000000ffffc0000202 0001 ffff")),
                2,
                address("192.0.2.1", 1),
                address("192.0.2.2", 65535));
    }

    @Test
    void localIsAcceptedAndItsBlockIsSkipped() {
        for (int family : new int[] {0x00, 0x11, 0x21, 0x31, 0x12, 0x4F, 0xFF}) {
            for (int length : new int[] {0, 1, 11, 12, 13, 36, 4080, 4081, 65535}) {
                byte[] header = binary(LOCAL, family, new byte[length]);
                assertThat(parse(header))
                        .isEqualTo(
                                new Complete(new ProxyHeader(2, true, null, null, header.length)));
            }
        }
        // AWS sends such headers for health checks.
        byte[] dummies = binary(LOCAL, 0x11, concat(IPV4_BLOCK, tlv(0x03, hex("00000000"))));
        assertThat(parse(dummies))
                .isEqualTo(new Complete(new ProxyHeader(2, true, null, null, dummies.length)));
    }

    @ParameterizedTest
    @CsvSource({"0x00, 0", "0x01, 5", "0x02, 0", "0x10, 0", "0x20, 3", "0x30, 7"})
    void unspecifiedIsAcceptedWithoutAddresses(String family, int length) {
        assertNoAddresses(binary(PROXY, Integer.decode(family), new byte[length]));
    }

    @ParameterizedTest
    @CsvSource({"0x12, 12", "0x22, 36", "0x31, 216", "0x32, 216"})
    void datagramsAndUnixAreAcceptedWithoutAddresses(String family, int length) {
        byte[] block = new byte[length];
        assertNoAddresses(binary(PROXY, Integer.decode(family), block));
        assertNoAddresses(
                binary(PROXY, Integer.decode(family), concat(block, tlv(4, new byte[9]))));
        assertInvalid(
                binary(PROXY, Integer.decode(family), new byte[length - 1]),
                "too few for its addresses");
        assertInvalid(binary(PROXY, Integer.decode(family), new byte[length + 1]), "extension");
    }

    @Test
    void aWrongSignatureIsFoundAtTheFirstWrongByte() {
        byte[] header = binary(PROXY, 0x11, IPV4_BLOCK);
        for (int i = 0; i < 12; i++) {
            byte[] wrong = header.clone();
            wrong[i] ^= (byte) 0x80;
            assertInvalidAt(i + 1, wrong);
        }
    }

    @Test
    void everyVersionAndCommand() {
        for (int value = 0; value < 256; value++) {
            byte[] header = binary(value, 0x11, IPV4_BLOCK);
            if (value == LOCAL || value == PROXY) {
                assertThat(parse(header)).isInstanceOf(Complete.class);
            } else {
                assertInvalidAt(13, header);
            }
        }
    }

    @Test
    void everyFamilyAndTransport() {
        for (int value = 0; value < 256; value++) {
            byte[] header = binary(PROXY, value, new byte[216]);
            if (value >> 4 <= 3 && (value & 0xF) <= 2) {
                assertThat(parse(header)).isInstanceOf(Complete.class);
            } else {
                assertInvalidAt(14, header);
            }
        }
    }

    @Test
    void addressesThatDoNotFitAreRefusedBeforeTheyArrive() {
        assertInvalidAt(16, binary(PROXY, 0x11, 11, IPV4_BLOCK));
        assertInvalidAt(16, binary(PROXY, 0x11, 0, IPV4_BLOCK));
        assertInvalidAt(16, binary(PROXY, 0x21, 35, IPV6_BLOCK));
        assertInvalidAt(16, binary(PROXY, 0x31, 215, new byte[216]));
    }

    @Test
    void extensionsAreSkippedUpToTheLimit() {
        byte[] longest = concat(IPV4_BLOCK, tlv(0x20, new byte[4096 - 16 - 12 - 3]));
        byte[] header = binary(PROXY, 0x11, longest);
        assertThat(header).hasSize(ProxyHeaderParser.MAX_LENGTH);
        assertAddresses(header, 2, address("192.0.2.1", 54321), address("198.51.100.2", 443));
        assertInvalid(binary(PROXY, 0x11, 4081, longest), "announces 4097 bytes, but at most 4096");
        assertInvalidAt(16, binary(PROXY, 0x11, 4081, longest));
        assertInvalidAt(16, binary(PROXY, 0x00, 65535, longest));
    }

    @ParameterizedTest
    @ValueSource(strings = {"04", "0400", "040001", "04000000 04", "04ffff", "040002 00"})
    void extensionsMustEndWithTheHeader(String extensions) {
        assertInvalid(binary(PROXY, 0x11, concat(IPV4_BLOCK, hex(extensions))), "extension");
    }

    @Test
    void aChecksumIsVerifiedAtAnyPosition() {
        byte[] header =
                checksummed(
                        binary(
                                PROXY,
                                0x11,
                                concat(IPV4_BLOCK, tlv(4, hex("aa")), tlv(3, new byte[4]))));
        assertAddresses(header, 2, address("192.0.2.1", 54321), address("198.51.100.2", 443));
        int checksumType = header.length - 7;
        for (int bit = 15 * 8; bit < header.length * 8; bit++) {
            if (bit / 8 == checksumType) {
                continue; // this bit changes the type, so the extension is not a checksum
            }
            byte[] wrong = header.clone();
            wrong[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThat(parse(wrong)).as("bit %d", bit).isNotInstanceOf(Complete.class);
        }
        byte[] wrong = header.clone();
        wrong[17]++;
        assertInvalid(wrong, "the checksum is wrong");
        byte[] first = concat(IPV4_BLOCK, tlv(3, new byte[4]), tlv(4, hex("aabb")));
        byte[] cleared = binary(PROXY, 0x11, first);
        ByteBuffer.wrap(cleared).putInt(31, NaiveProxyHeader.crc32c(cleared));
        assertThat(parse(cleared)).isInstanceOf(Complete.class);
    }

    @Test
    void aChecksumOfDatagramsAndUnixIsVerifiedToo() {
        for (int family : new int[] {0x12, 0x31}) {
            byte[] block = concat(new byte[family == 0x12 ? 12 : 216], tlv(3, new byte[4]));
            byte[] header = checksummed(binary(PROXY, family, block));
            assertNoAddresses(header);
            header[16]++;
            assertInvalid(header, "the checksum is wrong");
        }
    }

    @Test
    void aChecksumHasFourBytesAndIsUnique() {
        byte[] three = concat(IPV4_BLOCK, tlv(3, new byte[3]));
        assertInvalid(binary(PROXY, 0x11, three), "four bytes");
        byte[] five = concat(IPV4_BLOCK, tlv(3, new byte[5]));
        assertInvalid(binary(PROXY, 0x11, five), "four bytes");
        byte[] two = concat(IPV4_BLOCK, tlv(3, new byte[4]), tlv(3, new byte[4]));
        assertInvalid(checksummed(binary(PROXY, 0x11, two)), "four bytes");
    }

    /** Uses the value that RFC 3720, B.4 gives for 32 bytes of zeros: aa 36 91 8a. */
    @Test
    void theChecksumOfTheTestsIsCorrect() {
        assertThat(NaiveProxyHeader.crc32c(new byte[32])).isEqualTo(0x8A9136AA);
    }

    // ---- both ---------------------------------------------------------------------------------

    @Test
    void bytesAfterTheHeaderAreNotConsumed() {
        for (byte[] header :
                new byte[][] {
                    line("PROXY TCP4 192.0.2.1 192.0.2.2 1 2"),
                    line("PROXY UNKNOWN"),
                    binary(PROXY, 0x11, IPV4_BLOCK),
                    binary(LOCAL, 0x00, new byte[0]),
                    binary(LOCAL, 0x00, new byte[300])
                }) {
            ByteBuffer bytes = ByteBuffer.wrap(concat(header, header));
            assertThat(new ProxyHeaderParser().parse(bytes)).isInstanceOf(Complete.class);
            assertThat(bytes.position()).isEqualTo(header.length);
        }
    }

    @Test
    void refusesToParseAfterAnInvalidHeader() {
        var parser = new ProxyHeaderParser();
        assertThat(parser.parse(ByteBuffer.allocate(0))).isInstanceOf(Incomplete.class);
        assertThat(parser.parse(ByteBuffer.wrap(ascii("G")))).isInstanceOf(Invalid.class);
        assertThatIllegalStateException()
                .isThrownBy(() -> parser.parse(ByteBuffer.wrap(ascii("G"))));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void assertAddresses(
            byte[] header,
            int version,
            @Nullable InetSocketAddress source,
            @Nullable InetSocketAddress destination) {
        assertThat(parse(header))
                .isEqualTo(
                        new Complete(
                                new ProxyHeader(
                                        version, false, source, destination, header.length)));
    }

    private static void assertNoAddresses(byte[] header) {
        assertAddresses(header, 2, null, null);
    }

    private static void assertInvalid(byte[] header, String reason) {
        assertThat(parse(header))
                .isInstanceOfSatisfying(
                        Invalid.class, invalid -> assertThat(invalid.reason()).contains(reason));
    }

    /** Asserts that the header becomes invalid at the byte of the given number. */
    private static void assertInvalidAt(int length, byte[] header) {
        var parser = new ProxyHeaderParser();
        Result before = parser.parse(ByteBuffer.wrap(header, 0, length - 1));
        assertThat(before).isInstanceOf(Incomplete.class);
        Result then = parser.parse(ByteBuffer.wrap(header, length - 1, 1));
        assertThat(then).isInstanceOf(Invalid.class);
    }
}
