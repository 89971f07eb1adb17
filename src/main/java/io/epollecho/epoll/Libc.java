package io.epollecho.epoll;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * The functions of the C library that this package calls, see section 2 of the Linux manual.
 *
 * <p>Each method follows the convention of the kernel itself: zero or a positive result, or the
 * negated error number. So nobody has to ask for {@code errno}, and no failure can be taken for a
 * result.
 *
 * <p>Pointers travel as {@code long}: a {@code MemorySegment} parameter would be kept alive by the
 * linker, which allocates when the compiler sees several kinds of segment. Callers keep what they
 * point to alive. None of the calls is declared critical: each may wait for a lock in the kernel,
 * and a critical call holds up every safepoint of the virtual machine.
 *
 * <p>Initialising this class binds the functions, which needs native access; ask {@link
 * EpollSelectorProvider#unavailability()} before.
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

    /** What {@link #missingSymbol()} looks for: every function that is bound below. */
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

    /** The first function that this machine's C library does not have. Binds nothing. */
    static Optional<String> missingSymbol() {
        var lookup = Linker.nativeLinker().defaultLookup();
        return SYMBOLS.stream().filter(symbol -> lookup.find(symbol).isEmpty()).findFirst();
    }

    /**
     * Returns whether this module may call native functions. Module.isNativeAccessEnabled() cannot
     * tell: it is false too where the virtual machine warns of the first restricted call and then
     * allows it.
     */
    @SuppressWarnings("restricted") // refused or warned of here, before any function is bound
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
            return result(memory, (int) Handles.EPOLL_CREATE1.invokeExact(memory.capture(), flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int epollControl(ThreadMemory memory, int epoll, int operation, int fd, long event) {
        try {
            return result(
                    memory,
                    (int)
                            Handles.EPOLL_CTL.invokeExact(
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
                            Handles.EPOLL_WAIT.invokeExact(
                                    memory.capture(), epoll, events, capacity, timeoutMillis));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int eventfd(ThreadMemory memory, int initialValue, int flags) {
        try {
            return result(
                    memory,
                    (int) Handles.EVENTFD.invokeExact(memory.capture(), initialValue, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long read(ThreadMemory memory, int fd, long buffer, long size) {
        try {
            return result(
                    memory, (long) Handles.READ.invokeExact(memory.capture(), fd, buffer, size));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long write(ThreadMemory memory, int fd, long buffer, long size) {
        try {
            return result(
                    memory, (long) Handles.WRITE.invokeExact(memory.capture(), fd, buffer, size));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int close(ThreadMemory memory, int fd) {
        try {
            return result(memory, (int) Handles.CLOSE.invokeExact(memory.capture(), fd));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int socket(ThreadMemory memory, int domain, int type, int protocol) {
        try {
            return result(
                    memory,
                    (int) Handles.SOCKET.invokeExact(memory.capture(), domain, type, protocol));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int bind(ThreadMemory memory, int fd, long address, int length) {
        try {
            return result(
                    memory, (int) Handles.BIND.invokeExact(memory.capture(), fd, address, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int listen(ThreadMemory memory, int fd, int backlog) {
        try {
            return result(memory, (int) Handles.LISTEN.invokeExact(memory.capture(), fd, backlog));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int accept(ThreadMemory memory, int fd, long address, long length, int flags) {
        try {
            return result(
                    memory,
                    (int)
                            Handles.ACCEPT4.invokeExact(
                                    memory.capture(), fd, address, length, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int connect(ThreadMemory memory, int fd, long address, int length) {
        try {
            return result(
                    memory,
                    (int) Handles.CONNECT.invokeExact(memory.capture(), fd, address, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int shutdown(ThreadMemory memory, int fd, int how) {
        try {
            return result(memory, (int) Handles.SHUTDOWN.invokeExact(memory.capture(), fd, how));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int getsockname(ThreadMemory memory, int fd, long address, long length) {
        try {
            return result(
                    memory,
                    (int) Handles.GETSOCKNAME.invokeExact(memory.capture(), fd, address, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int getpeername(ThreadMemory memory, int fd, long address, long length) {
        try {
            return result(
                    memory,
                    (int) Handles.GETPEERNAME.invokeExact(memory.capture(), fd, address, length));
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
                            Handles.GETSOCKOPT.invokeExact(
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
                            Handles.SETSOCKOPT.invokeExact(
                                    memory.capture(), fd, level, name, value, length));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long recv(ThreadMemory memory, int fd, long buffer, long size, int flags) {
        try {
            return result(
                    memory,
                    (long) Handles.RECV.invokeExact(memory.capture(), fd, buffer, size, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long send(ThreadMemory memory, int fd, long buffer, long size, int flags) {
        try {
            return result(
                    memory,
                    (long) Handles.SEND.invokeExact(memory.capture(), fd, buffer, size, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long recvmsg(ThreadMemory memory, int fd, long message, int flags) {
        try {
            return result(
                    memory,
                    (long) Handles.RECVMSG.invokeExact(memory.capture(), fd, message, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long sendmsg(ThreadMemory memory, int fd, long message, int flags) {
        try {
            return result(
                    memory,
                    (long) Handles.SENDMSG.invokeExact(memory.capture(), fd, message, flags));
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    /** The text for an error number, in the C library's words. */
    static String strerror(int errno) {
        try {
            var text = (MemorySegment) Handles.STRERROR.invokeExact(errno);
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
     * A method handle is declared to throw anything; one over a C function throws only on misuse or
     * exhaustion.
     */
    private static RuntimeException impossible(Throwable t) {
        if (t instanceof Error error) {
            throw error;
        }
        return new IllegalStateException(t);
    }

    /**
     * Apart, so that {@link #missingSymbol()} can be asked without binding anything.
     *
     * <p>The fields are not final on purpose. The compiler inlines a constant handle into its
     * callers, as far as its limit of nested calls allows; where that limit cuts through a call,
     * the call allocates. A handle that is no constant is compiled by itself and never allocates,
     * however deep its caller is.
     */
    @SuppressWarnings("restricted") // native access has been asked for, see above
    private static final class Handles {

        private static final Linker LINKER = Linker.nativeLinker();

        private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");

        static MethodHandle EPOLL_CREATE1 = bind("epoll_create1", JAVA_INT, JAVA_INT);
        static MethodHandle EPOLL_CTL =
                bind("epoll_ctl", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
        static MethodHandle EPOLL_WAIT =
                bind("epoll_wait", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
        static MethodHandle EVENTFD = bind("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
        static MethodHandle READ = bind("read", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
        static MethodHandle WRITE = bind("write", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
        static MethodHandle CLOSE = bind("close", JAVA_INT, JAVA_INT);
        static MethodHandle SOCKET = bind("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
        static MethodHandle BIND = bind("bind", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
        static MethodHandle LISTEN = bind("listen", JAVA_INT, JAVA_INT, JAVA_INT);
        static MethodHandle ACCEPT4 =
                bind("accept4", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
        static MethodHandle CONNECT = bind("connect", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
        static MethodHandle SHUTDOWN = bind("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
        static MethodHandle GETSOCKNAME =
                bind("getsockname", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
        static MethodHandle GETPEERNAME =
                bind("getpeername", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
        static MethodHandle GETSOCKOPT =
                bind("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
        static MethodHandle SETSOCKOPT =
                bind("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
        static MethodHandle RECV =
                bind("recv", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
        static MethodHandle SEND =
                bind("send", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
        static MethodHandle RECVMSG = bind("recvmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
        static MethodHandle SENDMSG = bind("sendmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);

        static MethodHandle STRERROR =
                LINKER.downcallHandle(
                        symbol("strerror"),
                        FunctionDescriptor.of(
                                ADDRESS.withTargetLayout(
                                        MemoryLayout.sequenceLayout(1024, ValueLayout.JAVA_BYTE)),
                                JAVA_INT));

        private Handles() {}

        private static MethodHandle bind(
                String name, ValueLayout result, ValueLayout... parameters) {
            return LINKER.downcallHandle(
                    symbol(name), FunctionDescriptor.of(result, parameters), ERRNO);
        }

        private static MemorySegment symbol(String name) {
            return LINKER.defaultLookup().findOrThrow(name);
        }
    }
}
