package io.epollecho.probe;

import io.epollecho.stream.TlsHandshakeException;
import io.epollecho.stream.TruncatedStreamException;

import java.io.IOException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.Locale;

import javax.net.ssl.SSLException;

/** The kinds of failure that a probe distinguishes. */
public enum FailureKind {
    /** The host name has no address. */
    NAME_NOT_RESOLVED("name not resolved"),
    /** The connection was refused: nothing listens there, or a firewall rejects connections. */
    REFUSED("refused"),
    /** Nothing answered, as behind a firewall that drops packets. */
    TIMED_OUT("timed out"),
    /** There is no route to the network or the host. */
    UNREACHABLE("unreachable"),
    /** The TLS handshake failed, or a record was invalid. */
    TLS("TLS failed"),
    /** The server did not begin with the identity greeting. */
    GREETING("no greeting"),
    /** The peer sent a RST. */
    RESET("reset"),
    /** The peer closed its side while it owed answers, or before the probe did. */
    CLOSED_EARLY("closed early"),
    /**
     * An open connection was silent for the timeout while it owed answers, or answers were still
     * missing when the timeout after the end of the run was over.
     */
    STALLED("stalled"),
    /** A byte came back that differs from the one sent, or that was never sent. */
    WRONG_BYTE("wrong bytes"),
    /** Bytes sent on a connection never came back before it was closed. */
    MISSING_BYTES("missing bytes"),
    /** Anything else, such as a lack of local ports or descriptors. */
    OTHER("other");

    private final String text;

    FailureKind(String text) {
        this.text = text;
    }

    /** Returns whether the failure prevents a connection from being established. */
    boolean isConnectFailure() {
        return switch (this) {
            case NAME_NOT_RESOLVED, REFUSED, TIMED_OUT, UNREACHABLE, OTHER -> true;
            default -> false;
        };
    }

    /** Returns whether the failure ends the connection. */
    boolean endsConnection() {
        return this != WRONG_BYTE && this != MISSING_BYTES;
    }

    /** Returns the kind of an exception thrown by a channel or a layer above it. */
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

    /** Returns the kind by message, because the JDK has no exception types for these errors. */
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

    /** Returns the name of the kind as the value of a label: lower case, without spaces. */
    String label() {
        return text.toLowerCase(Locale.ROOT).replace(' ', '_');
    }

    /** Returns the display name of the kind. */
    @Override
    public String toString() {
        return text;
    }
}
