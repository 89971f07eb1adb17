package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.ProxyHeaderParser.Complete;
import io.epollecho.stream.ProxyHeaderParser.Incomplete;
import io.epollecho.stream.ProxyHeaderParser.Invalid;
import io.epollecho.stream.ProxyHeaderParser.Result;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Random headers, mutated headers and garbage, for which the parser and a naive reader must agree.
 * The message of a failure contains the command that repeats the test with the same bytes.
 */
@Tag("slow")
class RandomProxyHeadersTest {

    private static final int HEADERS = Integer.getInteger("fuzz.headers", 50_000);
    private static final int SOAK_HEADERS = Integer.getInteger("soak.headers", 1_000_000);
    private static final @Nullable Long SEED = Long.getLong("fuzz.seed");

    private static final int PER_SEED = 1000;
    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;

    private static final String[] LITERALS = {
        "0.0.0.0", "192.0.2.1", "255.255.255.255", "10.01.2.3", "1.2.3", "256.1.1.1",
        "::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::ffff:192.0.2.1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1:2:3:4:5:6:1.2.3.4", "1::2::3", "00001::"
    };
    private static final String[] PORTS = {"0", "1", "443", "65535", "65536", "01", "", "-1"};

    @Test
    void parserAndNaiveReaderAgree() {
        play(HEADERS);
    }

    @Test
    @Tag("soak")
    void parserAndNaiveReaderAgreeForManyHeaders() {
        play(SOAK_HEADERS);
    }

    private static void play(int headers) {
        long first = SEED == null ? 0 : SEED;
        long seeds = SEED == null ? headers / PER_SEED : 1;
        int accepted = 0;
        for (long seed = first; seed < first + seeds; seed++) {
            var random = new SplittableRandom(seed);
            for (int i = 0; i < PER_SEED; i++) {
                byte[] bytes = bytes(random);
                try {
                    accepted += judge(bytes, random) ? 1 : 0;
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError(
                            "%s%nof %s%nReproduce: ./mvnw test -Dtest=RandomProxyHeadersTest -Dfuzz.seed=%d"
                                    .formatted(e, HexFormat.of().formatHex(bytes), seed),
                            e);
                }
            }
        }
        // Otherwise the test would have compared only rejected headers.
        assertThat(accepted).isGreaterThan((int) (seeds * PER_SEED / 10));
    }

    /**
     * Compares both on the whole bytes and on pieces. Returns true if the bytes start with a valid
     * header.
     */
    private static boolean judge(byte[] bytes, SplittableRandom random) {
        ProxyHeader expected = NaiveProxyHeader.read(bytes);
        ByteBuffer whole = ByteBuffer.wrap(bytes);
        Result result = new ProxyHeaderParser().parse(whole);
        assertThat(inPieces(bytes, random)).isEqualTo(result);
        if (expected != null) {
            assertThat(result).isEqualTo(new Complete(expected));
            assertThat(whole.position()).isEqualTo(expected.length());
            return true;
        }
        assertThat(result).isNotInstanceOf(Complete.class);
        if (result instanceof Invalid) {
            // No further bytes can make it valid.
            byte[] more = Arrays.copyOf(bytes, bytes.length + 5000);
            assertThat(NaiveProxyHeader.read(more)).isNull();
            byte[] line = ProxyHeaders.concat(bytes, ProxyHeaders.line(""));
            assertThat(NaiveProxyHeader.read(line)).isNull();
        } else {
            assertThat(whole.hasRemaining()).isFalse();
        }
        return false;
    }

    private static Result inPieces(byte[] bytes, SplittableRandom random) {
        var parser = new ProxyHeaderParser();
        Result result = new Incomplete();
        int longest = 1 + random.nextInt(64);
        for (int at = 0; at < bytes.length && result instanceof Incomplete; ) {
            int length = Math.min(bytes.length - at, random.nextInt(longest + 1));
            result = parser.parse(ByteBuffer.wrap(bytes, at, length));
            at += length;
        }
        return result;
    }

    // ---- bytes --------------------------------------------------------------------------------

    private static byte[] bytes(SplittableRandom random) {
        if (random.nextInt(20) == 0) {
            return garbage(random);
        }
        byte[] header = random.nextBoolean() ? line(random) : binary(random);
        if (random.nextBoolean()) {
            header = mutated(header, random);
        }
        return random.nextBoolean() ? ProxyHeaders.concat(header, garbage(random)) : header;
    }

    private static byte[] garbage(SplittableRandom random) {
        byte[] bytes = new byte[random.nextInt(150)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] line(SplittableRandom random) {
        if (random.nextInt(5) == 0) {
            byte[] rest = Arrays.copyOf(garbage(random), random.nextInt(110));
            String text = new String(rest, StandardCharsets.ISO_8859_1);
            return ProxyHeaders.line("PROXY UNKNOWN" + pick(random, "", " ", " " + text));
        }
        boolean ipv6 = random.nextBoolean();
        return ProxyHeaders.line(
                "PROXY %s %s %s %s %s"
                        .formatted(
                                ipv6 ? "TCP6" : "TCP4",
                                literal(ipv6, random),
                                literal(ipv6, random),
                                port(random),
                                port(random)));
    }

    private static String literal(boolean ipv6, SplittableRandom random) {
        if (random.nextInt(5) == 0) {
            return pick(random, LITERALS);
        }
        List<String> groups = new ArrayList<>();
        for (int i = 0; i < (ipv6 ? 8 : 4); i++) {
            int number = random.nextInt(ipv6 ? 0x10000 : 256) >> random.nextInt(16);
            groups.add(ipv6 ? Integer.toHexString(number) : Integer.toString(number));
        }
        if (!ipv6) {
            return String.join(".", groups);
        }
        if (random.nextBoolean()) {
            int from = random.nextInt(9);
            int to = from + random.nextInt(9 - from);
            groups.subList(from, to).clear();
            return String.join(":", groups.subList(0, from))
                    + "::"
                    + String.join(":", groups.subList(from, groups.size()));
        }
        return String.join(":", groups);
    }

    private static String port(SplittableRandom random) {
        return random.nextInt(10) == 0
                ? pick(random, PORTS)
                : Integer.toString(random.nextInt(65536) >> random.nextInt(16));
    }

    private static byte[] binary(SplittableRandom random) {
        int family = random.nextInt(4) == 0 ? random.nextInt(4) << 4 | random.nextInt(3) : 0x11;
        family = random.nextInt(3) == 0 ? 0x21 : family;
        byte[] block =
                new byte
                        [switch (family >> 4) {
                            case 1 -> 12;
                            case 2 -> 36;
                            case 3 -> 216;
                            default -> 0;
                        }];
        random.nextBytes(block);
        for (int left = random.nextInt(4); left > 0; left--) {
            byte[] value = new byte[random.nextInt(random.nextInt(50) == 0 ? 4000 : 30)];
            random.nextBytes(value);
            int type = random.nextInt(256);
            block = ProxyHeaders.concat(block, ProxyHeaders.tlv(type, value));
        }
        boolean checksum = random.nextBoolean();
        if (checksum) {
            block = ProxyHeaders.concat(block, ProxyHeaders.tlv(3, new byte[4]));
        }
        int command = random.nextInt(8) == 0 ? LOCAL : PROXY;
        byte[] header = ProxyHeaders.binary(command, family, block);
        return checksum ? ProxyHeaders.checksummed(header) : header;
    }

    private static byte[] mutated(byte[] header, SplittableRandom random) {
        int at = random.nextInt(header.length);
        byte[] before = Arrays.copyOf(header, at);
        byte[] after = Arrays.copyOfRange(header, at + 1, header.length);
        byte[] other = {(byte) (random.nextBoolean() ? random.nextInt(256) : header[at] ^ 1)};
        return switch (random.nextInt(4)) {
            case 0 -> before;
            case 1 -> ProxyHeaders.concat(before, after);
            case 2 -> ProxyHeaders.concat(before, other, after);
            default -> ProxyHeaders.concat(before, other, new byte[] {header[at]}, after);
        };
    }

    private static String pick(SplittableRandom random, String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    // ---- exhaustive ---------------------------------------------------------------------------

    @Test
    void everyTruncationOfAHeaderIsIncomplete() {
        var random = new SplittableRandom(1);
        int tried = 0;
        while (tried < 500) {
            byte[] header = random.nextBoolean() ? line(random) : binary(random);
            ProxyHeader whole = NaiveProxyHeader.read(header);
            if (whole == null) {
                continue;
            }
            tried++;
            for (int length = 0; length < whole.length(); length++) {
                ByteBuffer part = ByteBuffer.wrap(header, 0, length);
                Result result = new ProxyHeaderParser().parse(part);
                if (!(result instanceof Incomplete) || part.hasRemaining()) {
                    throw new AssertionError(
                            "%s after %d bytes of %s"
                                    .formatted(result, length, HexFormat.of().formatHex(header)));
                }
            }
        }
    }

    @Test
    void everyLengthOfVersion2() {
        byte[] zeros = new byte[65535];
        for (int command : new int[] {LOCAL, PROXY}) {
            for (int family : new int[] {0x00, 0x11, 0x21, 0x31, 0x12}) {
                byte[] header = ProxyHeaders.binary(command, family, zeros);
                for (int length = 0; length <= 65535; length++) {
                    ByteBuffer.wrap(header).putShort(14, (short) length);
                    Result result = new ProxyHeaderParser().parse(ByteBuffer.wrap(header));
                    if (result instanceof Complete(ProxyHeader complete)) {
                        // Each three zero bytes form an extension.
                        boolean right =
                                complete.length() == 16 + length
                                        && complete.local() == (command == LOCAL)
                                        && isValid(command, family, length);
                        assertThat(right).as("%x %x %d", command, family, length).isTrue();
                    } else {
                        assertThat(result).isInstanceOf(Invalid.class);
                        assertThat(isValid(command, family, length))
                                .as("%x %x %d", command, family, length)
                                .isFalse();
                    }
                }
            }
        }
    }

    private static boolean isValid(int command, int family, int length) {
        if (command == LOCAL) {
            return true;
        }
        if (length > 4080) {
            return false;
        }
        return switch (family) {
            case 0x00 -> true;
            case 0x11, 0x12 -> length >= 12 && (length - 12) % 3 == 0;
            case 0x21 -> length >= 36 && (length - 36) % 3 == 0;
            default -> length >= 216 && (length - 216) % 3 == 0;
        };
    }
}
