package io.epollecho.epoll;

import java.io.IOException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The socket options of socket(7), ip(7) and tcp(7) that channels support, and their conversions.
 */
@SuppressWarnings("ReferenceEquality") // socket options are constants
final class SocketOptions {

    /**
     * True to keep urgent data in the stream. {@code java.nio} has no constant for this option.
     * Users find it by its name in {@code supportedOptions()}, as with the JDK's socket channels.
     */
    static final SocketOption<Boolean> SO_OOBINLINE =
            new NamedOption<>("SO_OOBINLINE", Boolean.class);

    /** The options of connections, which are those of the JDK's channels. */
    static final Set<SocketOption<?>> SOCKET_CHANNEL =
            Set.of(
                    StandardSocketOptions.SO_RCVBUF,
                    StandardSocketOptions.SO_SNDBUF,
                    StandardSocketOptions.SO_REUSEADDR,
                    StandardSocketOptions.SO_REUSEPORT,
                    StandardSocketOptions.SO_KEEPALIVE,
                    StandardSocketOptions.SO_LINGER,
                    StandardSocketOptions.TCP_NODELAY,
                    StandardSocketOptions.IP_TOS,
                    SO_OOBINLINE);

    /**
     * The options of listeners: those of the JDK's channels and those that accepted connections
     * inherit on Linux. Inheriting an option saves a system call for each connection.
     */
    static final Set<SocketOption<?>> SERVER_SOCKET_CHANNEL =
            Set.of(
                    StandardSocketOptions.SO_RCVBUF,
                    StandardSocketOptions.SO_REUSEADDR,
                    StandardSocketOptions.SO_REUSEPORT,
                    StandardSocketOptions.SO_KEEPALIVE,
                    StandardSocketOptions.TCP_NODELAY,
                    SO_OOBINLINE);

    private static final int SOL_SOCKET = 1;
    private static final int IPPROTO_IP = 0;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_IPV6 = 41;

    static final Key ERROR = new Key(SOL_SOCKET, 4);
    static final Key LINGER = new Key(SOL_SOCKET, 13);
    static final Key TOS = new Key(IPPROTO_IP, 1);
    static final Key TRAFFIC_CLASS = new Key(IPPROTO_IPV6, 67);
    static final Key IPV6_ONLY = new Key(IPPROTO_IPV6, 26);

    static final Map<SocketOption<?>, Key> KEYS =
            Map.of(
                    StandardSocketOptions.SO_REUSEADDR,
                    new Key(SOL_SOCKET, 2),
                    StandardSocketOptions.SO_SNDBUF,
                    new Key(SOL_SOCKET, 7),
                    StandardSocketOptions.SO_RCVBUF,
                    new Key(SOL_SOCKET, 8),
                    StandardSocketOptions.SO_KEEPALIVE,
                    new Key(SOL_SOCKET, 9),
                    SO_OOBINLINE,
                    new Key(SOL_SOCKET, 10),
                    StandardSocketOptions.SO_LINGER,
                    LINGER,
                    StandardSocketOptions.SO_REUSEPORT,
                    new Key(SOL_SOCKET, 15),
                    StandardSocketOptions.TCP_NODELAY,
                    new Key(IPPROTO_TCP, 1),
                    StandardSocketOptions.IP_TOS,
                    TOS);

    /** A smaller buffer could not hold a packet. The JDK uses the same minimum. */
    private static final int MIN_RECEIVE_BUFFER = 1024;

    private SocketOptions() {}

    static <T> void set(
            TcpSocket socket, Set<SocketOption<?>> supported, SocketOption<T> option, T value)
            throws IOException {
        Key key = key(supported, option);
        if (!option.type().isInstance(value)) {
            throw new IllegalArgumentException("Invalid value '" + value + "'");
        }
        int number =
                (value instanceof Boolean on) ? (on ? 1 : 0) : checked(option, (Integer) value);
        if (option == StandardSocketOptions.SO_LINGER) {
            // struct linger has an on/off flag and the seconds; in Java, a negative number means
            // off.
            socket.setLinger(number >= 0, Math.clamp(number, 0, 65_535));
        } else if (option == StandardSocketOptions.IP_TOS && socket.isInet6()) {
            socket.setOption(TRAFFIC_CLASS, number);
            // Also set it for IPv4 peers of a dual-stack socket; ignore the error if IPv4 is
            // unavailable.
            int _ = socket.trySetOption(TOS, number);
        } else {
            socket.setOption(key, number);
        }
    }

    static <T> T get(TcpSocket socket, Set<SocketOption<?>> supported, SocketOption<T> option)
            throws IOException {
        Key key = key(supported, option);
        Object value;
        if (option == StandardSocketOptions.SO_LINGER) {
            long linger = socket.getOptionPair(LINGER);
            value = ((int) linger == 0) ? -1 : (int) (linger >> Integer.SIZE);
        } else if (option == StandardSocketOptions.IP_TOS && socket.isInet6()) {
            value = socket.getOption(TRAFFIC_CLASS);
        } else if (option == StandardSocketOptions.SO_SNDBUF
                || option == StandardSocketOptions.SO_RCVBUF) {
            // Linux doubles the requested size to make room for its bookkeeping, see socket(7).
            value = socket.getOption(key) / 2;
        } else if (option.type() == Boolean.class) {
            value = socket.getOption(key) != 0;
        } else {
            value = socket.getOption(key);
        }
        return option.type().cast(value);
    }

    private static Key key(Set<SocketOption<?>> supported, SocketOption<?> option) {
        Objects.requireNonNull(option);
        Key key = KEYS.get(option);
        if (key == null || !supported.contains(option)) {
            throw new UnsupportedOperationException("'" + option + "' not supported");
        }
        return key;
    }

    private static int checked(SocketOption<?> option, int value) {
        if (option == StandardSocketOptions.SO_RCVBUF
                || option == StandardSocketOptions.SO_SNDBUF) {
            if (value < 0) {
                throw new IllegalArgumentException("Invalid send/receive buffer size");
            }
            return (option == StandardSocketOptions.SO_RCVBUF)
                    ? Math.max(value, MIN_RECEIVE_BUFFER)
                    : value;
        }
        if (option == StandardSocketOptions.IP_TOS && (value < 0 || value > 255)) {
            throw new IllegalArgumentException("Invalid IP_TOS value");
        }
        return value;
    }

    /**
     * An option as identified by the kernel.
     *
     * @param level the level: SOL_SOCKET or a protocol
     * @param name the number of the option within the level
     */
    record Key(int level, int name) {}

    private record NamedOption<T>(String name, Class<T> type) implements SocketOption<T> {
        @Override
        public String toString() {
            return name;
        }
    }
}
