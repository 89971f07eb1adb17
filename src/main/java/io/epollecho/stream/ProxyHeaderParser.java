package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * An incremental parser for one PROXY protocol header of version 1 or 2. It consumes the bytes of
 * the header and none after it. It reports an error at the first byte that makes the header
 * invalid, except that the fields of version 1 are parsed when the line is complete.
 *
 * <p>The parser follows {@code doc/proxy-protocol.txt} of HAProxy. Where the specification leaves a
 * choice:
 *
 * <ul>
 *   <li>A header may arrive in parts.
 *   <li>UNKNOWN, AF_UNSPEC, AF_UNIX and datagrams are accepted; the result has no addresses.
 *   <li>The bytes after the fixed part are skipped if the command is LOCAL or if the family or
 *       transport is unspecified. Otherwise the extensions (TLVs) must be well-formed, and a
 *       checksum among them must be correct.
 *   <li>A header with the PROXY command may have at most {@value #MAX_LENGTH} bytes.
 *   <li>The destination in version 1 may be of either family. nginx writes the family of the source
 *       and the address that it listens on, which differ if it took the source from another header.
 *   <li>An IPv6 address in version 1 may end in an IPv4 address, which is how inet_ntop(3) writes
 *       IPv4-mapped addresses.
 * </ul>
 *
 * <p>Must be used by one thread at a time.
 */
public final class ProxyHeaderParser {

    /** The maximum length of a header with the PROXY command, in bytes. */
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

    /** The index at which {@link #LINE_STARTS} differ. */
    private static final int PROTOCOL = 6;

    /** The outcome of parsing the bytes so far. */
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
     * The bytes are not a valid header, regardless of what follows.
     *
     * @param reason what is wrong, without any bytes received from the peer
     */
    public record Invalid(String reason) implements Result {}

    private static final Incomplete INCOMPLETE = new Incomplete();

    /**
     * The first bytes: enough for the longest line, and for a version 2 header up to the end of its
     * IP addresses.
     */
    private final byte[] start = new byte[MAX_LINE];

    private final CRC32C crc = new CRC32C();
    private int length;
    private boolean finished;

    // Version 2: known after the fixed part.
    private int total;
    private int addressesEnd;

    /** True while the bytes after the fixed part are skipped. */
    private boolean skipping;

    // The current TLV.
    private int tlvHeaderRead;
    private int tlvType;
    private int tlvRest;

    private boolean hasChecksum;
    private int checksum;

    /** Creates a parser of one header. */
    public ProxyHeaderParser() {}

    /**
     * Parses further bytes, up to the end of the header.
     *
     * @param bytes the bytes that follow those of the last call; bytes that remain afterwards do
     *     not belong to the header
     * @return the outcome so far
     * @throws IllegalStateException if an earlier call returned a result other than {@link
     *     Incomplete}
     */
    public Result parse(ByteBuffer bytes) {
        if (finished) {
            throw new IllegalStateException("The header has already been parsed");
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

    /** Skips as many bytes as possible but leaves one, so that the usual code finds the end. */
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
            return invalid("the connection does not start with a PROXY header");
        }
        boolean afterReturn = length > 1 && start[length - 2] == '\r';
        if (value == '\n' && afterReturn) {
            return line();
        }
        // The specification requires that any text after UNKNOWN be ignored.
        if (start[PROTOCOL] != 'U' && (value == '\n' || afterReturn)) {
            return invalid("the line of version 1 has a CR without an LF or an LF without a CR");
        }
        // If the last but one allowed byte is not a CR, the line cannot end within the limit.
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
        byte[] source =
                fields[1].equals("TCP6")
                        ? AddressText.ipv6(fields[2])
                        : AddressText.ipv4(fields[2]);
        byte[] destination = AddressText.ipv4(fields[3]);
        if (destination == null) {
            destination = AddressText.ipv6(fields[3]);
        }
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
                    : invalid("the connection does not start with a PROXY header");
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
            return invalid(
                    String.format(
                            Locale.ROOT, "the binary header has version %d, not 2", value >> 4));
        }
        int command = value & 0xF;
        return command <= 1
                ? INCOMPLETE
                : invalid(
                        String.format(
                                Locale.ROOT, "the header has the unknown command %d", command));
    }

    /** Checks the family and the transport, which must be ignored if the command is LOCAL. */
    private Result familyAndTransport(int value) {
        if (isLocal()) {
            return INCOMPLETE;
        }
        if (value >> 4 > 3) {
            return invalid(
                    String.format(
                            Locale.ROOT,
                            "the header has the unknown address family %d",
                            value >> 4));
        }
        int transport = value & 0xF;
        return transport <= 2
                ? INCOMPLETE
                : invalid(
                        String.format(
                                Locale.ROOT, "the header has the unknown transport %d", transport));
    }

    private Result announcedLength() {
        total = FIXED_LENGTH + unsignedShort(FIXED_LENGTH - 2);
        if (!isLocal()) {
            if (total > MAX_LENGTH) {
                return invalid(
                        String.format(
                                Locale.ROOT,
                                "the header announces %d bytes, but at most %d are allowed",
                                total,
                                MAX_LENGTH));
            }
            addressesEnd = FIXED_LENGTH + addressesLength();
            if (total < addressesEnd) {
                return invalid(
                        String.format(
                                Locale.ROOT,
                                "the header announces %d bytes, which are too few for its"
                                        + " addresses",
                                total));
            }
            crc.update(start, 0, FIXED_LENGTH);
        }
        // If the family or the transport is unspecified, the start of the extensions is unknown.
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
                        return invalid("an extension extends beyond the end of the header");
                    }
                    if (tlvType == TYPE_CRC32C) {
                        if (hasChecksum || tlvRest != Integer.BYTES) {
                            return invalid("the checksum is repeated or does not have four bytes");
                        }
                        hasChecksum = true;
                    }
                }
            }
        } else {
            tlvRest--;
            if (tlvType == TYPE_CRC32C) {
                checksum = checksum << 8 | value;
                crc.update(0); // the checksum is computed with its own bytes as zeros
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
