package io.epollecho.epoll;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.Objects;

/**
 * Conversions between {@link InetSocketAddress} and {@code struct sockaddr_in} (ip(7)) or {@code
 * struct sockaddr_in6} (ipv6(7)). The layout is the same on every 64-bit Linux: the family is in
 * native byte order, the port and the address are in network byte order.
 */
final class Sockaddr {

    static final int SIZE_INET = 16;
    static final int SIZE_INET6 = 28;
    static final int MAX_SIZE = SIZE_INET6;

    private static final ValueLayout.OfShort FAMILY = ValueLayout.JAVA_SHORT;
    private static final ValueLayout.OfShort PORT =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** The upper 32 bits of the low half of an IPv4-mapped address, {@code ::ffff:a.b.c.d}. */
    private static final long MAPPED = 0xffff_0000_0000L;

    private Sockaddr() {}

    /**
     * Checks that a socket of the family can use the address, and returns the address.
     *
     * @throws UnsupportedAddressTypeException if it cannot
     * @throws UnresolvedAddressException if the address is an unresolved name
     */
    static InetSocketAddress check(SocketAddress address, boolean ipv6) {
        Objects.requireNonNull(address);
        if (!(address instanceof InetSocketAddress inet)) {
            throw new UnsupportedAddressTypeException();
        }
        if (inet.isUnresolved()) {
            throw new UnresolvedAddressException();
        }
        if (!ipv6 && !(inet.getAddress() instanceof Inet4Address)) {
            throw new UnsupportedAddressTypeException();
        }
        return inet;
    }

    /**
     * Writes an address for a socket of the family and returns its size. For an IPv6 socket, an
     * IPv4 address is written as an IPv4-mapped address, except for the wildcard address, which
     * becomes the IPv6 wildcard and covers both protocols.
     */
    static int write(MemorySegment memory, InetSocketAddress address, boolean ipv6) {
        memory.fill((byte) 0);
        memory.set(FAMILY, 0, (short) (ipv6 ? Libc.AF_INET6 : Libc.AF_INET));
        memory.set(PORT, 2, (short) address.getPort());
        InetAddress host = address.getAddress();
        ByteBuffer bytes = ByteBuffer.wrap(host.getAddress());
        if (!ipv6) {
            memory.set(INT, 4, bytes.getInt());
            return SIZE_INET;
        }
        if (host instanceof Inet6Address inet6) {
            memory.set(LONG, 8, bytes.getLong());
            memory.set(LONG, 16, bytes.getLong());
            memory.set(ValueLayout.JAVA_INT, 24, inet6.getScopeId());
        } else if (!host.isAnyLocalAddress()) {
            memory.set(LONG, 16, MAPPED | Integer.toUnsignedLong(bytes.getInt()));
        }
        return SIZE_INET6;
    }

    static InetSocketAddress read(MemorySegment memory) {
        return of(high(memory), low(memory), scope(memory), port(memory));
    }

    // An address as numbers, so that a connection needs no address object. IPv4 is IPv4-mapped.

    static long high(MemorySegment memory) {
        return isInet6(memory) ? memory.get(LONG, 8) : 0;
    }

    static long low(MemorySegment memory) {
        return isInet6(memory)
                ? memory.get(LONG, 16)
                : MAPPED | Integer.toUnsignedLong(memory.get(INT, 4));
    }

    static int scope(MemorySegment memory) {
        return isInet6(memory) ? memory.get(ValueLayout.JAVA_INT, 24) : 0;
    }

    static char port(MemorySegment memory) {
        return (char) memory.get(PORT, 2);
    }

    private static boolean isInet6(MemorySegment memory) {
        return memory.get(FAMILY, 0) == Libc.AF_INET6;
    }

    static InetSocketAddress of(long high, long low, int scope, char port) {
        byte[] bytes = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
        try {
            InetAddress host =
                    (scope == 0)
                            ? InetAddress.getByAddress(bytes) // an Inet4Address, if IPv4-mapped
                            : Inet6Address.getByAddress(null, bytes, scope);
            return new InetSocketAddress(host, port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("An address of 16 bytes is always valid", e);
        }
    }
}
