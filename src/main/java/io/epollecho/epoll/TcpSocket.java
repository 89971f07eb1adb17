package io.epollecho.epoll;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A TCP socket and all system calls that use one. The socket is created non-blocking and
 * close-on-exec, so no system call is needed to change its mode.
 *
 * <p>Methods that set up a socket throw an exception on errors. Methods that transfer bytes return
 * the kernel's result or the negated error number, because the meaning of an error depends on the
 * transfer. Callers of the latter must hold the descriptor; see {@link #acquire()}.
 */
class TcpSocket extends Descriptor {

    /**
     * How often an accept is repeated because the connection at the head of the queue is broken or
     * a signal arrived. Then it fails, so that its caller can pause.
     */
    private static final int ACCEPT_ATTEMPTS = 128;

    private static final int NON_BLOCKING = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;

    private final boolean inet6;

    /** True if SO_LINGER was last set to a positive time. */
    private volatile boolean lingers;

    /** Takes ownership of the descriptor. */
    TcpSocket(int fd, boolean inet6) {
        super(fd);
        this.inet6 = inet6;
    }

    /**
     * Opens a socket.
     *
     * @param family {@code INET}, {@code INET6}, or {@code null} for both if the machine has both
     */
    TcpSocket(@Nullable ProtocolFamily family) throws IOException {
        this(isInet6(family));
    }

    private TcpSocket(boolean inet6) throws IOException {
        this(socket(inet6), inet6);
        checked(fd());
        if (inet6) {
            try {
                // Make the socket accept IPv4 as well, whatever the machine's default is.
                setOption(SocketOptions.IPV6_ONLY, 0);
            } catch (Throwable t) {
                close();
                throw t;
            }
        }
    }

    private static int socket(boolean inet6) {
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            return Libc.socket(
                    memory,
                    inet6 ? Libc.AF_INET6 : Libc.AF_INET,
                    Libc.SOCK_STREAM | NON_BLOCKING,
                    0);
        }
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

    final boolean isInet6() {
        return inet6;
    }

    // -- Setting up --

    /** Binds to the address, or to a free port on the wildcard address if it is {@code null}. */
    final void bind(@Nullable InetSocketAddress address) throws IOException {
        InetSocketAddress local =
                (address != null)
                        ? address
                        : new InetSocketAddress(Inet4Address.getByAddress(new byte[4]), 0);
        int fd = acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            int length = Sockaddr.write(memory.socketAddress(), local, inet6);
            checked(Libc.bind(memory, fd, memory.socketAddressPointer(), length));
        } finally {
            release();
        }
    }

    final void listen(int backlog) throws IOException {
        int fd = acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            checked(Libc.listen(memory, fd, backlog));
        } finally {
            release();
        }
    }

    /**
     * Accepts a connection. Stores its peer address in the memory, and its descriptor too, where it
     * is safe whatever fails next; see {@link ThreadMemory#takeAccepted}. Returns false if no
     * connection is waiting.
     */
    final boolean accept(ThreadMemory memory) throws IOException {
        int fd = acquire();
        try {
            int result;
            int attempts = 0;
            do {
                memory.length(Sockaddr.MAX_SIZE);
                result =
                        memory.accepted(
                                Libc.accept(
                                        memory,
                                        fd,
                                        memory.socketAddressPointer(),
                                        memory.lengthPointer(),
                                        NON_BLOCKING));
                attempts++;
            } while (attempts < ACCEPT_ATTEMPTS
                    && (result == -Errno.EINTR || Errno.concernsOneConnection(-result)));
            if (result >= 0) {
                return true;
            }
            if (isClosing()) {
                throw new AsynchronousCloseException();
            }
            if (result == -Errno.EAGAIN) {
                return false;
            }
            throw Errno.ioFailure(-result);
        } finally {
            release();
        }
    }

    /** Starts to connect. Returns true if the connection is already established. */
    final boolean connect(InetSocketAddress peer) throws IOException {
        int fd = acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            int length = Sockaddr.write(memory.socketAddress(), peer, inet6);
            int result = Libc.connect(memory, fd, memory.socketAddressPointer(), length);
            // An interrupted connect continues in the background, see connect(2).
            if (result == -Errno.EINPROGRESS || result == -Errno.EINTR) {
                return false;
            }
            checked(result);
            return true;
        } finally {
            release();
        }
    }

    /** Returns whether a started connect has succeeded. Throws an exception if it has failed. */
    final boolean hasConnected() throws IOException {
        int error = getOption(SocketOptions.ERROR);
        if (error != 0) {
            throw Errno.socketFailure(error);
        }
        int fd = acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            memory.length(Sockaddr.MAX_SIZE);
            int result =
                    Libc.getpeername(
                            memory, fd, memory.socketAddressPointer(), memory.lengthPointer());
            if (result == -Errno.ENOTCONN) {
                return false;
            }
            checked(result);
            return true;
        } finally {
            release();
        }
    }

    final InetSocketAddress localAddress() throws IOException {
        int fd = acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            memory.length(Sockaddr.MAX_SIZE);
            checked(
                    Libc.getsockname(
                            memory, fd, memory.socketAddressPointer(), memory.lengthPointer()));
            return Sockaddr.read(memory.socketAddress());
        } finally {
            release();
        }
    }

    final void shutdownReceiving() throws IOException {
        shutdown(Libc.SHUT_RD);
    }

    final void shutdownSending() throws IOException {
        shutdown(Libc.SHUT_WR);
    }

    private void shutdown(int how) throws IOException {
        int fd = acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            int result = Libc.shutdown(memory, fd, how);
            // The connection may already be closed.
            if (result != -Errno.ENOTCONN) {
                checked(result);
            }
        } finally {
            release();
        }
    }

    // -- Options, each consisting of one or two ints --

    final void setOption(SocketOptions.Key key, int value) throws IOException {
        checked(trySetOption(key, value));
    }

    /**
     * Sets an option like {@link #setOption(SocketOptions.Key, int)}, but returns zero or the
     * negated error number.
     */
    final int trySetOption(SocketOptions.Key key, int value) throws IOException {
        return setsockopt(key, value, 0, Integer.BYTES);
    }

    final void setOption(SocketOptions.Key key, int first, int second) throws IOException {
        checked(setsockopt(key, first, second, 2 * Integer.BYTES));
    }

    private int setsockopt(SocketOptions.Key key, int first, int second, int size)
            throws IOException {
        int fd = acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            memory.option(0, first);
            memory.option(1, second);
            return Libc.setsockopt(
                    memory, fd, key.level(), key.name(), memory.optionPointer(), size);
        } finally {
            release();
        }
    }

    /** Sets SO_LINGER: off, or on with a number of seconds. */
    final void setLinger(boolean on, int seconds) throws IOException {
        setOption(SocketOptions.LINGER, on ? 1 : 0, seconds);
        lingers = on && seconds > 0;
    }

    /**
     * Closes the descriptor without waiting. With a positive SO_LINGER, close(2) would wait even on
     * a non-blocking socket; see socket(7). The JDK's channels switch it off, too.
     */
    final void closeAtOnce() {
        try {
            if (lingers) {
                setLinger(false, 0);
            }
        } catch (IOException e) {
            // closed already
        } finally {
            close();
        }
    }

    final int getOption(SocketOptions.Key key) throws IOException {
        return (int) getsockopt(key, Integer.BYTES);
    }

    /** Returns two ints: the first in the low half, the second in the high half. */
    final long getOptionPair(SocketOptions.Key key) throws IOException {
        return getsockopt(key, 2 * Integer.BYTES);
    }

    private long getsockopt(SocketOptions.Key key, int size) throws IOException {
        int fd = acquire();
        try (ThreadMemory memory = ThreadMemory.borrow()) {
            memory.option(0, 0);
            memory.option(1, 0);
            memory.length(size);
            checked(
                    Libc.getsockopt(
                            memory,
                            fd,
                            key.level(),
                            key.name(),
                            memory.optionPointer(),
                            memory.lengthPointer()));
            return ((long) memory.option(1) << Integer.SIZE)
                    | Integer.toUnsignedLong(memory.option(0));
        } finally {
            release();
        }
    }

    // -- Transfers; callers must hold the descriptor --

    /** Receives bytes into memory. Returns zero at the end of the stream. */
    final int receive(ThreadMemory memory, long address, int size) {
        long result;
        do {
            result = Libc.recv(memory, fd(), address, size, 0);
        } while (result == -Errno.EINTR);
        return (int) result;
    }

    /** Receives bytes into the staged buffers of the thread; zero at the end of the stream. */
    final int receiveStaged(ThreadMemory memory) {
        if (memory.vectorCount() == 1) {
            return receive(memory, memory.firstAddress(), memory.firstLength());
        }
        long result;
        do {
            result = Libc.recvmsg(memory, fd(), memory.messagePointer(), 0);
        } while (result == -Errno.EINTR);
        return (int) result;
    }

    final int send(ThreadMemory memory, long address, int size) {
        long result;
        do {
            result = Libc.send(memory, fd(), address, size, Libc.MSG_NOSIGNAL);
        } while (result == -Errno.EINTR);
        return (int) result;
    }

    /** Sends the staged bytes of the thread. */
    final int sendStaged(ThreadMemory memory) {
        if (memory.vectorCount() == 1) {
            return send(memory, memory.firstAddress(), memory.firstLength());
        }
        long result;
        do {
            result = Libc.sendmsg(memory, fd(), memory.messagePointer(), Libc.MSG_NOSIGNAL);
        } while (result == -Errno.EINTR);
        return (int) result;
    }

    private static int checked(int result) throws IOException {
        if (result < 0) {
            throw Errno.socketFailure(-result);
        }
        return result;
    }

    /** Determines once whether sockets are IPv6 sockets, which support both protocols. */
    private static final class Inet6 {

        static final boolean AVAILABLE =
                !Boolean.getBoolean("java.net.preferIPv4Stack") && hasAddress() && opens();

        private Inet6() {}

        /**
         * Returns whether any interface has an IPv6 address. A kernel may support IPv6 without one.
         */
        private static boolean hasAddress() {
            try (var lines = Files.lines(Path.of("/proc/net/if_inet6"))) {
                return lines.findAny().isPresent();
            } catch (IOException e) {
                return false;
            }
        }

        private static boolean opens() {
            Descriptor socket = new Descriptor(socket(true));
            if (socket.fd() < 0) {
                return false;
            }
            socket.close();
            return true;
        }
    }
}
