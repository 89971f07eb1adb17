package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A TCP socket: its descriptor, and what listening and connected sockets have in common. It is
 * non-blocking and closed on exec from birth, so no mode ever has to be changed by a system call.
 */
final class TcpSocket extends Descriptor {

    private static final int TYPE = Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;

    private final boolean inet6;

    /** Takes ownership of the descriptor. */
    TcpSocket(int fd, boolean inet6) {
        super(fd);
        this.inet6 = inet6;
    }

    /**
     * Opens a socket.
     *
     * @param family {@code INET} or {@code INET6}; {@code null} for both where the machine has both
     */
    static TcpSocket open(@Nullable ProtocolFamily family) throws IOException {
        boolean inet6 = isInet6(family);
        int fd = Libc.socket(ThreadMemory.current(), inet6 ? Libc.AF_INET6 : Libc.AF_INET, TYPE, 0);
        if (fd < 0) {
            throw Errno.socketFailure(-fd);
        }
        TcpSocket socket = new TcpSocket(fd, inet6);
        if (inet6) {
            try {
                SocketOptions.dualStack(fd);
            } catch (IOException e) {
                socket.close();
                throw e;
            }
        }
        return socket;
    }

    private static boolean isInet6(@Nullable ProtocolFamily family) {
        if (family == null) {
            return Inet6.AVAILABLE;
        }
        if (family == StandardProtocolFamily.INET) {
            return false;
        }
        if (family == StandardProtocolFamily.INET6) {
            if (!Inet6.AVAILABLE) {
                throw new UnsupportedOperationException("IPv6 not available");
            }
            return true;
        }
        throw new UnsupportedOperationException("Protocol family not supported");
    }

    boolean isInet6() {
        return inet6;
    }

    /** Binds to the address, or to a free port of every address if there is none. */
    void bind(@Nullable InetSocketAddress address) throws IOException {
        int fd = acquire();
        try {
            ThreadMemory memory = ThreadMemory.current();
            InetSocketAddress local =
                    (address != null) ? address : new InetSocketAddress(wildcard(), 0);
            int length = Sockaddr.write(memory.socketAddress(), local, inet6);
            int result = Libc.bind(memory, fd, memory.socketAddressPointer(), length);
            if (result < 0) {
                throw Errno.socketFailure(-result);
            }
        } finally {
            release();
        }
    }

    private static InetAddress wildcard() throws IOException {
        return Inet4Address.getByAddress(new byte[4]);
    }

    InetSocketAddress localAddress() throws IOException {
        int fd = acquire();
        try {
            ThreadMemory memory = ThreadMemory.current();
            memory.length(Sockaddr.MAX_SIZE);
            int result =
                    Libc.getsockname(
                            memory, fd, memory.socketAddressPointer(), memory.lengthPointer());
            if (result < 0) {
                throw Errno.socketFailure(-result);
            }
            return Sockaddr.read(memory.socketAddress());
        } finally {
            release();
        }
    }

    /** Ends one direction of the connection; no error if it has ended already. */
    void shutdown(int how) throws IOException {
        int fd = acquire();
        try {
            int result = Libc.shutdown(ThreadMemory.current(), fd, how);
            if (result < 0 && result != -Errno.ENOTCONN) {
                throw Errno.socketFailure(-result);
            }
        } finally {
            release();
        }
    }

    /** Found out once: whether sockets are IPv6 ones, speaking both. */
    private static final class Inet6 {

        static final boolean AVAILABLE =
                !Boolean.getBoolean("java.net.preferIPv4Stack") && hasAddress() && opens();

        private Inet6() {}

        /** A kernel may have IPv6 and yet no interface an address of it. */
        private static boolean hasAddress() {
            try (var lines = Files.lines(Path.of("/proc/net/if_inet6"))) {
                return lines.findAny().isPresent();
            } catch (IOException e) {
                return false;
            }
        }

        private static boolean opens() {
            int fd = Libc.socket(ThreadMemory.current(), Libc.AF_INET6, TYPE, 0);
            if (fd < 0) {
                return false;
            }
            new Descriptor(fd).close();
            return true;
        }
    }
}
