package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Parses one header of the PROXY protocol, versions 1 and 2, in parts of any size. It takes the
 * bytes of the header and none after it, and reports an error at the first byte that makes the
 * header invalid, except that the fields of version 1 are read once the line is complete.
 *
 * <p>The rules are those of {@code doc/proxy-protocol.txt} of HAProxy. Where it leaves a choice:
 *
 * <ul>
 *   <li>A header may arrive in parts.
 *   <li>UNKNOWN, AF_UNSPEC, AF_UNIX and datagrams are accepted, without addresses.
 *   <li>The block of a LOCAL command, and of an unspecified family or transport, is skipped unread.
 *       Otherwise the extensions (TLVs) must be well-formed, and a checksum among them must be
 *       right.
 *   <li>A header of the PROXY command has at most {@value #MAX_LENGTH} bytes.
 *   <li>An IPv6 address of version 1 may end in an IPv4 address, as inet_ntop(3) writes IPv4-mapped
 *       ones.
 * </ul>
 *
 * <p>For one thread at a time.
 */
public final class ProxyHeaderParser {

    /** The longest accepted header of the PROXY command, in bytes. */
    public static final int MAX_LENGTH = 4096;

    static final byte[] SIGNATURE = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};

    static final int FIXED_LENGTH = 16;
    static final int TYPE_CRC32C = 0x03;

    private static final int MAX_LINE = 107;
    private static final int TLV_HEADER = 3;
    private static final int FIELDS = 6;

    private static final List<byte[]> LINE_STARTS =
            List.of(
                    ascii("PROXY TCP4 "),
                    ascii("PROXY TCP6 "),
                    ascii("PROXY UNKNOWN "),
                    ascii("PROXY UNKNOWN\r\n"));

    /** Where {@link #LINE_STARTS} begin to differ. */
    private static final int PROTOCOL = 6;

    /** What is known of the header after the bytes parsed so far. */
    public sealed interface Result permits Incomplete, Complete, Invalid {}

    /** More bytes are needed. */
    public record Incomplete() implements Result {}

    /**
     * The header is complete.
     *
     * @param header the header
     */
    public record Complete(ProxyHeader header) implements Result {}

    /**
     * The bytes are not a valid header, whatever follows.
     *
     * @param reason what is wrong, without any bytes of the peer
     */
    public record Invalid(String reason) implements Result {}

    private static final Incomplete INCOMPLETE = new Incomplete();

    /** Enough for the longest line, and for the part of version 2 up to its IP addresses. */
    private final byte[] start = new byte[MAX_LINE];

    private final CRC32C crc = new CRC32C();
    private int length;
    private boolean finished;

    // Version 2, known after the fixed part.
    private int total;
    private int addressesEnd;

    /** True while the block is of no interest. */
    private boolean skipping;

    // The current TLV.
    private int tlvHeaderRead;
    private int tlvType;
    private int tlvRest;

    private boolean hasChecksum;
    private int checksum;

    /**
     * Takes further bytes, up to the end of the header.
     *
     * @param bytes the bytes that follow those of the last call; what remains afterwards does not
     *     belong to the header
     * @return what is known now
     * @throws IllegalStateException if an earlier call returned another result than {@link
     *     Incomplete}
     */
    public Result parse(ByteBuffer bytes) {
        if (finished) {
            throw new IllegalStateException("the header has been parsed");
        }
        Result result = INCOMPLETE;
        while (result instanceof Incomplete && bytes.hasRemaining()) {
            if (skipping) {
                skipTo(total - 1, bytes);
            }
            result = accept(bytes.get());
        }
        finished = !(result instanceof Incomplete);
        return result;
    }

    private Result accept(byte value) {
        if (length < start.length) {
            start[length] = value;
        }
        length++;
        return start[0] == SIGNATURE[0] ? acceptBinary(value & 0xFF) : acceptText(value);
    }

    /** Skips all that may be skipped but leaves one byte, so that the end is found as ever. */
    private void skipTo(int end, ByteBuffer bytes) {
        int skipped = Math.min(end - length, bytes.remaining() - 1);
        bytes.position(bytes.position() + skipped);
        length += skipped;
    }

    private static Result invalid(String reason) {
        return new Invalid(reason);
    }

    private Result complete(
            int version,
            boolean local,
            @Nullable InetSocketAddress source,
            @Nullable InetSocketAddress destination) {
        return new Complete(new ProxyHeader(version, local, source, destination, length));
    }

    // ---- version 1 ----------------------------------------------------------------------------

    private Result acceptText(byte value) {
        if (LINE_STARTS.stream().noneMatch(this::startsLike)) {
            return invalid("the connection does not begin with a PROXY header");
        }
        boolean afterReturn = length > 1 && start[length - 2] == '\r';
        if (value == '\n' && afterReturn) {
            return line();
        }
        // The text after UNKNOWN is to be ignored, whatever it is.
        if (start[PROTOCOL] != 'U' && (value == '\n' || afterReturn)) {
            return invalid("the line of version 1 has a CR or LF by itself");
        }
        // A line of which the last byte but one is no CR cannot end in time.
        if (length == MAX_LINE || (length == MAX_LINE - 1 && value != '\r')) {
            return invalid("the line of version 1 is longer than " + MAX_LINE + " bytes");
        }
        return INCOMPLETE;
    }

    private boolean startsLike(byte[] expected) {
        int compared = Math.min(length, expected.length);
        return Arrays.equals(start, 0, compared, expected, 0, compared);
    }

    private Result line() {
        if (start[PROTOCOL] == 'U') {
            return complete(1, false, null, null);
        }
        String line = new String(start, 0, length - 2, StandardCharsets.ISO_8859_1);
        String[] fields = line.split(" ", -1);
        if (fields.length != FIELDS) {
            return invalid("the line of version 1 does not have two addresses and two ports");
        }
        boolean ipv6 = fields[1].equals("TCP6");
        byte[] source = ipv6 ? AddressText.ipv6(fields[2]) : AddressText.ipv4(fields[2]);
        byte[] destination = ipv6 ? AddressText.ipv6(fields[3]) : AddressText.ipv4(fields[3]);
        if (source == null || destination == null) {
            return invalid("the line of version 1 has an invalid address");
        }
        int sourcePort = AddressText.decimal(fields[4], 65535);
        int destinationPort = AddressText.decimal(fields[5], 65535);
        if (sourcePort < 0 || destinationPort < 0) {
            return invalid("the line of version 1 has an invalid port");
        }
        return complete(
                1,
                false,
                new InetSocketAddress(AddressText.address(source), sourcePort),
                new InetSocketAddress(AddressText.address(destination), destinationPort));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    // ---- version 2 ----------------------------------------------------------------------------

    private Result acceptBinary(int value) {
        if (length <= SIGNATURE.length) {
            return value == SIGNATURE[length - 1]
                    ? INCOMPLETE
                    : invalid("the connection does not begin with a PROXY header");
        }
        return switch (length) {
            case 13 -> versionAndCommand(value);
            case 14 -> familyAndTransport(value);
            case 15 -> INCOMPLETE;
            case FIXED_LENGTH -> announcedLength();
            default -> block(value);
        };
    }

    private static Result versionAndCommand(int value) {
        if (value >> 4 != 2) {
            return invalid("the binary header has version %d, not 2".formatted(value >> 4));
        }
        int command = value & 0xF;
        return command <= 1
                ? INCOMPLETE
                : invalid("the header has the unknown command %d".formatted(command));
    }

    /** The family of a LOCAL command is to be ignored. */
    private Result familyAndTransport(int value) {
        if (isLocal()) {
            return INCOMPLETE;
        }
        if (value >> 4 > 3) {
            return invalid("the header has the unknown address family %d".formatted(value >> 4));
        }
        int transport = value & 0xF;
        return transport <= 2
                ? INCOMPLETE
                : invalid("the header has the unknown transport %d".formatted(transport));
    }

    private Result announcedLength() {
        total = FIXED_LENGTH + unsignedShort(FIXED_LENGTH - 2);
        if (!isLocal()) {
            if (total > MAX_LENGTH) {
                return invalid(
                        "the header announces %d bytes; at most %d are accepted"
                                .formatted(total, MAX_LENGTH));
            }
            addressesEnd = FIXED_LENGTH + addressesLength();
            if (total < addressesEnd) {
                return invalid(
                        "the header announces %d bytes, too few for its addresses"
                                .formatted(total));
            }
            crc.update(start, 0, FIXED_LENGTH);
        }
        // Without a known family and transport, the start of the extensions is unknown.
        skipping = isLocal() || addressesEnd == FIXED_LENGTH;
        return length == total ? completeBinary() : INCOMPLETE;
    }

    private Result block(int value) {
        if (!skipping) {
            if (length <= addressesEnd) {
                crc.update(value);
            } else {
                Result result = extension(value);
                if (!(result instanceof Incomplete)) {
                    return result;
                }
            }
        }
        return length == total ? completeBinary() : INCOMPLETE;
    }

    private Result extension(int value) {
        if (tlvHeaderRead < TLV_HEADER) {
            crc.update(value);
            switch (tlvHeaderRead++) {
                case 0 -> tlvType = value;
                case 1 -> tlvRest = value << 8;
                default -> {
                    tlvRest |= value;
                    if (tlvRest > total - length) {
                        return invalid("an extension reaches beyond the end of the header");
                    }
                    if (tlvType == TYPE_CRC32C) {
                        if (hasChecksum || tlvRest != Integer.BYTES) {
                            return invalid("the checksum is not one of four bytes");
                        }
                        hasChecksum = true;
                    }
                }
            }
        } else {
            tlvRest--;
            if (tlvType == TYPE_CRC32C) {
                checksum = checksum << 8 | value;
                crc.update(0); // the checksum is computed with itself as zeros
            } else {
                crc.update(value);
            }
        }
        if (tlvHeaderRead == TLV_HEADER && tlvRest == 0) {
            tlvHeaderRead = 0;
        }
        return INCOMPLETE;
    }

    private Result completeBinary() {
        if (tlvHeaderRead != 0) {
            return invalid("the header ends within an extension");
        }
        if (hasChecksum && checksum != (int) crc.getValue()) {
            return invalid("the checksum is wrong");
        }
        if (isLocal()) {
            return complete(2, true, null, null);
        }
        return switch (start[13]) {
            case 0x11 -> addresses(4);
            case 0x21 -> addresses(16);
            default -> complete(2, false, null, null);
        };
    }

    private Result addresses(int bytes) {
        int ports = FIXED_LENGTH + 2 * bytes;
        return complete(
                2,
                false,
                new InetSocketAddress(address(FIXED_LENGTH, bytes), unsignedShort(ports)),
                new InetSocketAddress(
                        address(FIXED_LENGTH + bytes, bytes), unsignedShort(ports + 2)));
    }

    private boolean isLocal() {
        return (start[12] & 0xF) == 0;
    }

    private int addressesLength() {
        if ((start[13] & 0xF) == 0) {
            return 0;
        }
        return switch (start[13] >> 4) {
            case 1 -> 12;
            case 2 -> 36;
            case 3 -> 216;
            default -> 0;
        };
    }

    private InetAddress address(int from, int bytes) {
        return AddressText.address(Arrays.copyOfRange(start, from, from + bytes));
    }

    private int unsignedShort(int at) {
        return (start[at] & 0xFF) << 8 | (start[at + 1] & 0xFF);
    }
}
