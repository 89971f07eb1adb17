package io.epollecho.probe;

import io.epollecho.stream.TlsHandshakeException;
import io.epollecho.stream.TruncatedStreamException;

import java.io.IOException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;

import javax.net.ssl.SSLException;

/** The kinds of failure that a probe tells apart. */
public enum FailureKind {
    /** The host name has no address. */
    NAME_NOT_RESOLVED("name not resolved"),
    /** The peer's machine, or a firewall that rejects, has answered that nothing listens there. */
    REFUSED("refused"),
    /** Nothing at all has answered, as behind a firewall that drops. */
    TIMED_OUT("timed out"),
    /** There is no route to the network or the host. */
    UNREACHABLE("unreachable"),
    /** The handshake has failed, or a record was invalid. */
    TLS("TLS failed"),
    /** The server has not begun with the identity greeting. */
    GREETING("no greeting"),
    /** The peer has sent a RST. */
    RESET("reset"),
    /** The peer has ended its stream while it owed answers, or before the probe did. */
    CLOSED_EARLY("closed early"),
    /** An open connection has owed an answer for longer than the timeout. */
    STALLED("stalled"),
    /** A byte came back other than sent, or without having been sent. */
    WRONG_BYTE("wrong bytes"),
    /** Bytes of a connection that was lost never came back. */
    MISSING_BYTES("missing bytes"),
    /** Anything else, such as a lack of local ports or descriptors. */
    OTHER("other");

    private final String text;

    FailureKind(String text) {
        this.text = text;
    }

    /** Returns whether no connection came about. */
    boolean isConnectFailure() {
        return switch (this) {
            case NAME_NOT_RESOLVED, REFUSED, TIMED_OUT, UNREACHABLE, OTHER -> true;
            default -> false;
        };
    }

    /** Returns whether the failure costs the connection. */
    boolean endsConnection() {
        return this != WRONG_BYTE && this != MISSING_BYTES;
    }

    /** Returns the kind of what a channel or a layer above it has thrown. */
    static FailureKind of(IOException failure) {
        return switch (failure) {
            case ConnectionFailedException failed -> failed.kind();
            case UnknownHostException _ -> NAME_NOT_RESOLVED;
            case NoRouteToHostException _ -> UNREACHABLE;
            case TlsHandshakeException _ -> TLS;
            case SSLException _ -> TLS;
            case TruncatedStreamException _ -> CLOSED_EARLY;
            default -> ofErrno(String.valueOf(failure.getMessage()));
        };
    }

    /** The JDK has no types for these. */
    private static FailureKind ofErrno(String message) {
        return switch (message) {
            case "Connection refused" -> REFUSED;
            case "Connection timed out" -> TIMED_OUT;
            case "Network is unreachable", "Network is down", "No route to host", "Host is down" ->
                    UNREACHABLE;
            case "Connection reset", "Connection reset by peer" -> RESET;
            // EPIPE instead of ECONNRESET: the peer's FIN had arrived before its RST.
            case "Broken pipe" -> CLOSED_EARLY;
            default -> OTHER;
        };
    }

    /** Returns the kind in words. */
    @Override
    public String toString() {
        return text;
    }
}
