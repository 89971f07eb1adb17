package io.epollecho.epoll;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.SocketException;

/**
 * Error numbers of Linux (the same on x86-64 and aarch64, see errno(3)) and the exceptions that
 * report them. Classes and messages match those of the JDK's channels, so that code written for
 * those channels works unchanged.
 */
final class Errno {

    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int ENONET = 64;
    static final int EPROTO = 71;
    static final int ENOPROTOOPT = 92;
    static final int EOPNOTSUPP = 95;
    static final int EADDRINUSE = 98;
    static final int EADDRNOTAVAIL = 99;
    static final int ENETDOWN = 100;
    static final int ENETUNREACH = 101;
    static final int ECONNABORTED = 103;
    static final int ECONNRESET = 104;
    static final int ENOTCONN = 107;
    static final int ETIMEDOUT = 110;
    static final int ECONNREFUSED = 111;
    static final int EHOSTDOWN = 112;
    static final int EHOSTUNREACH = 113;
    static final int EINPROGRESS = 115;

    private Errno() {}

    /** Returns the exception for a call that sets up a socket, from its creation to its options. */
    static IOException socketFailure(int errno) {
        String message = Libc.strerror(errno);
        return switch (errno) {
            case EPROTO -> new ProtocolException(message);
            case ECONNREFUSED, ETIMEDOUT, ENOTCONN -> new ConnectException(message);
            case EHOSTUNREACH -> new NoRouteToHostException(message);
            case EADDRINUSE, EADDRNOTAVAIL, EACCES -> new BindException(message);
            default -> new SocketException(message);
        };
    }

    /**
     * Returns the exception for a call that transfers bytes, accepts connections or waits for
     * events.
     */
    static IOException ioFailure(int errno) {
        return new IOException(Libc.strerror(errno));
    }

    /** Returns the exception for a read from a connection that the peer has reset. */
    static SocketException connectionReset() {
        return new SocketException("Connection reset");
    }

    /**
     * Returns whether an accept failed because of a single connection. Linux passes errors already
     * pending on the new connection to accept(2), whose manual page says to retry after them.
     */
    static boolean concernsOneConnection(int errno) {
        return switch (errno) {
            case ECONNABORTED,
                    EPROTO,
                    ENOPROTOOPT,
                    ENETDOWN,
                    ENETUNREACH,
                    EHOSTDOWN,
                    EHOSTUNREACH,
                    ENONET,
                    EOPNOTSUPP,
                    ETIMEDOUT ->
                    true;
            default -> false;
        };
    }
}
