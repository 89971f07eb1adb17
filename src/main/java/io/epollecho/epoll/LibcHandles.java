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

/**
 * Method handles for the C library functions of {@link Libc}. Initializing this class binds them,
 * which requires native access.
 *
 * <p>The fields are deliberately not final. The compiler inlines a constant handle into its callers
 * until it reaches its limit of nested calls; a call that is only partly inlined allocates memory.
 * A handle that is not constant is compiled separately and never allocates, regardless of the depth
 * of its caller.
 */
@SuppressWarnings("restricted") // unavailability() has checked native access before
final class LibcHandles {

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
    static MethodHandle CLOSE =
            LINKER.downcallHandle(symbol("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    static MethodHandle SOCKET = bind("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    static MethodHandle BIND = bind("bind", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    static MethodHandle LISTEN = bind("listen", JAVA_INT, JAVA_INT, JAVA_INT);
    static MethodHandle ACCEPT4 =
            bind("accept4", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    static MethodHandle CONNECT = bind("connect", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    static MethodHandle SHUTDOWN = bind("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
    static MethodHandle GETSOCKNAME = bind("getsockname", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    static MethodHandle GETPEERNAME = bind("getpeername", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    static MethodHandle GETSOCKOPT =
            bind("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    static MethodHandle SETSOCKOPT =
            bind("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    static MethodHandle RECV = bind("recv", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    static MethodHandle SEND = bind("send", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    static MethodHandle RECVMSG = bind("recvmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    static MethodHandle SENDMSG = bind("sendmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);

    static MethodHandle STRERROR =
            LINKER.downcallHandle(
                    symbol("strerror"),
                    FunctionDescriptor.of(
                            ADDRESS.withTargetLayout(
                                    MemoryLayout.sequenceLayout(1024, ValueLayout.JAVA_BYTE)),
                            JAVA_INT));

    private LibcHandles() {}

    private static MethodHandle bind(String name, ValueLayout result, ValueLayout... parameters) {
        return LINKER.downcallHandle(
                symbol(name), FunctionDescriptor.of(result, parameters), ERRNO);
    }

    private static MemorySegment symbol(String name) {
        return LINKER.defaultLookup().findOrThrow(name);
    }
}
