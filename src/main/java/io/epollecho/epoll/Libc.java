package io.epollecho.epoll;

import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * The C library functions that this package calls; see section 2 of the Linux manual.
 *
 * <p>Each method follows the kernel's convention: the result is zero or positive on success, and
 * the negated error number on failure. Callers therefore never read {@code errno} and cannot
 * mistake a failure for a result.
 *
 * <p>Pointers are passed as {@code long}: for a {@code MemorySegment} parameter, the linker keeps
 * the segment alive, which allocates memory if the compiler sees several kinds of segment. Callers
 * must keep the memory alive themselves. No call is declared critical: each of them may wait for a
 * lock in the kernel, and a critical call delays every safepoint of the virtual machine.
 *
 * <p>The first call binds the functions, which requires native access; see {@link
 * EpollSelectorProvider#unavailability()}.
 */
final class Libc {

    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int SOCK_STREAM = 1;
    static final int SOCK_NONBLOCK = 0x800;
    static final int SOCK_CLOEXEC = 0x80000;

    static final int SHUT_RD = 0;
    static final int SHUT_WR = 1;
    static final int MSG_NOSIGNAL = 0x4000;

    static final int EPOLL_CLOEXEC = 0x80000;
    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLL_CTL_MOD = 3;
    static final int EFD_CLOEXEC = 0x80000;
    static final int EFD_NONBLOCK = 0x800;

    /** All functions that {@link LibcHandles} binds. */
    private static final List<String> SYMBOLS =
            List.of(
                    "epoll_create1",
                    "epoll_ctl",
                    "epoll_wait",
                    "eventfd",
                    "read",
                    "write",
                    "close",
                    "socket",
                    "bind",
                    "listen",
                    "accept4",
                    "connect",
                    "shutdown",
                    "getsockname",
                    "getpeername",
                    "getsockopt",
                    "setsockopt",
                    "recv",
                    "send",
                    "recvmsg",
                    "sendmsg",
                    "strerror");

    private Libc() {}

    /**
     * Returns the first function that is missing in this machine's C library. Binds no function.
     */
    static Optional<String> missingSymbol() {
        var lookup = Linker.nativeLinker().defaultLookup();
        return SYMBOLS.stream().filter(symbol -> lookup.find(symbol).isEmpty()).findFirst();
    }

    /**
     * Returns whether this module may call native functions. Module.isNativeAccessEnabled() is no
     * substitute: it also returns false if the virtual machine would allow restricted calls after a
     * warning.
     */
    @SuppressWarnings("restricted") // checks the permission before any function is bound
    static boolean isNativeAccessAllowed() {
        try {
            MemorySegment.NULL.reinterpret(0);
            return true;
        } catch (IllegalCallerException e) {
            return false;
        }
    }

    static int epollCreate(ThreadMemory memory, int flags) {
        try {
            return result(
                    memory, (int) LibcHandles.EPOLL_CREATE1.invokeExact(memory.capture(), flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int epollControl(ThreadMemory memory, int epoll, int operation, int fd, long event) {
        try {
            return result(
                    memory,
                    (int)
                            LibcHandles.EPOLL_CTL.invokeExact(
                                    memory.capture(), epoll, operation, fd, event));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int epollWait(
            ThreadMemory memory, int epoll, long events, int capacity, int timeoutMillis) {
        try {
            return result(
                    memory,
                    (int)
                            LibcHandles.EPOLL_WAIT.invokeExact(
                                    memory.capture(), epoll, events, capacity, timeoutMillis));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int eventfd(ThreadMemory memory, int initialValue, int flags) {
        try {
            return result(
                    memory,
                    (int) LibcHandles.EVENTFD.invokeExact(memory.capture(), initialValue, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long read(ThreadMemory memory, int fd, long buffer, long size) {
        try {
            return result(
                    memory,
                    (long) LibcHandles.READ.invokeExact(memory.capture(), fd, buffer, size));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long write(ThreadMemory memory, int fd, long buffer, long size) {
        try {
            return result(
                    memory,
                    (long) LibcHandles.WRITE.invokeExact(memory.capture(), fd, buffer, size));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /**
     * Closes a socket, an epoll instance or an eventfd. Returns zero, or -1 if the descriptor was
     * not open, which is the only failure of close(2) with these. In contrast to the other calls,
     * this one never allocates memory, which a call that captures {@code errno} may do.
     */
    static int close(int fd) {
        try {
            return (int) LibcHandles.CLOSE.invokeExact(fd);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /**
     * Calls close(2) until its handle has its final form: a handle allocates memory while it is
     * being linked and adapted to its use, and closing must not fail when there is none.
     */
    static void prepareClose() {
        for (int i = 0; i < 256; i++) {
            int _ = close(-1);
        }
    }

    static int socket(ThreadMemory memory, int domain, int type, int protocol) {
        try {
            return result(
                    memory,
                    (int) LibcHandles.SOCKET.invokeExact(memory.capture(), domain, type, protocol));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int bind(ThreadMemory memory, int fd, long address, int length) {
        try {
            return result(
                    memory,
                    (int) LibcHandles.BIND.invokeExact(memory.capture(), fd, address, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int listen(ThreadMemory memory, int fd, int backlog) {
        try {
            return result(
                    memory, (int) LibcHandles.LISTEN.invokeExact(memory.capture(), fd, backlog));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int accept(ThreadMemory memory, int fd, long address, long length, int flags) {
        try {
            return result(
                    memory,
                    (int)
                            LibcHandles.ACCEPT4.invokeExact(
                                    memory.capture(), fd, address, length, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int connect(ThreadMemory memory, int fd, long address, int length) {
        try {
            return result(
                    memory,
                    (int) LibcHandles.CONNECT.invokeExact(memory.capture(), fd, address, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int shutdown(ThreadMemory memory, int fd, int how) {
        try {
            return result(
                    memory, (int) LibcHandles.SHUTDOWN.invokeExact(memory.capture(), fd, how));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int getsockname(ThreadMemory memory, int fd, long address, long length) {
        try {
            return result(
                    memory,
                    (int)
                            LibcHandles.GETSOCKNAME.invokeExact(
                                    memory.capture(), fd, address, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int getpeername(ThreadMemory memory, int fd, long address, long length) {
        try {
            return result(
                    memory,
                    (int)
                            LibcHandles.GETPEERNAME.invokeExact(
                                    memory.capture(), fd, address, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int getsockopt(
            ThreadMemory memory, int fd, int level, int name, long value, long length) {
        try {
            return result(
                    memory,
                    (int)
                            LibcHandles.GETSOCKOPT.invokeExact(
                                    memory.capture(), fd, level, name, value, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int setsockopt(
            ThreadMemory memory, int fd, int level, int name, long value, int length) {
        try {
            return result(
                    memory,
                    (int)
                            LibcHandles.SETSOCKOPT.invokeExact(
                                    memory.capture(), fd, level, name, value, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long recv(ThreadMemory memory, int fd, long buffer, long size, int flags) {
        try {
            return result(
                    memory,
                    (long) LibcHandles.RECV.invokeExact(memory.capture(), fd, buffer, size, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long send(ThreadMemory memory, int fd, long buffer, long size, int flags) {
        try {
            return result(
                    memory,
                    (long) LibcHandles.SEND.invokeExact(memory.capture(), fd, buffer, size, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long recvmsg(ThreadMemory memory, int fd, long message, int flags) {
        try {
            return result(
                    memory,
                    (long) LibcHandles.RECVMSG.invokeExact(memory.capture(), fd, message, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long sendmsg(ThreadMemory memory, int fd, long message, int flags) {
        try {
            return result(
                    memory,
                    (long) LibcHandles.SENDMSG.invokeExact(memory.capture(), fd, message, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** Returns the C library's message for an error number. */
    static String strerror(int errno) {
        try {
            var text = (MemorySegment) LibcHandles.STRERROR.invokeExact(errno);
            return text.getString(0);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    private static int result(ThreadMemory memory, int result) {
        return (result >= 0) ? result : -memory.errno();
    }

    private static long result(ThreadMemory memory, long result) {
        return (result >= 0) ? result : -memory.errno();
    }

    /**
     * Handles a throwable of a method handle. Method handles declare Throwable, but those of C
     * functions throw only if they are misused or if resources run out.
     */
    private static RuntimeException impossible(Throwable t) {
        if (t instanceof Error error) {
            throw error;
        }
        return new IllegalStateException(t);
    }
}
