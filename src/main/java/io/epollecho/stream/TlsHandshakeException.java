package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.crypto.AEADBadTagException;
import javax.net.ssl.SSLException;

/** Thrown when a TLS handshake fails. */
public final class TlsHandshakeException extends IOException {

    private static final long serialVersionUID = 1L;

    /** Matches the JDK's messages, which start with the name of the alert. */
    private static final Pattern ALERT = Pattern.compile("\\((\\w+)\\) (.*)", Pattern.DOTALL);

    private static final String RECEIVED = "Received fatal alert: ";

    /** Some explanations quote the peer, which must not be able to flood or forge log lines. */
    private static final int LONGEST_DETAIL = 200;

    /** The reason as a text for a log line. */
    private final String reason;

    /** True if the connection ended before the first byte of the handshake. */
    private final boolean silent;

    TlsHandshakeException(String reason) {
        this(reason, false, null);
    }

    private TlsHandshakeException(String reason, boolean silent, @Nullable Throwable cause) {
        super(reason, cause);
        this.reason = reason;
        this.silent = silent;
    }

    /**
     * Returns the reason as a text for a log line: one line of ASCII that quotes at most an excerpt
     * of what the peer sent.
     *
     * @return the reason, for example "no cipher suite in common"
     */
    public String reason() {
        return reason;
    }

    /**
     * Returns whether the peer closed the connection without sending a single byte of the
     * handshake, as a port check does.
     *
     * @return true if the connection ended before the first byte of the handshake
     */
    public boolean silent() {
        return silent;
    }

    /** Returns the exception for a peer that closed the connection without ending the handshake. */
    static TlsHandshakeException ofEnd(boolean silent) {
        return new TlsHandshakeException(
                silent
                        ? "the peer closed the connection before the handshake"
                        : "the peer closed the connection during the handshake",
                silent,
                null);
    }

    /**
     * Explains the failure of an engine. In TLS 1.3, a client learns that the server refused its
     * certificate only from a read after its own handshake has completed.
     *
     * @param failure the exception thrown by the engine
     * @return an exception that gives the reason as a text
     */
    public static TlsHandshakeException of(SSLException failure) {
        String message = failure.getMessage() == null ? "" : failure.getMessage();
        Matcher matcher = ALERT.matcher(message);
        String alert = matcher.matches() ? matcher.group(1) : "";
        String detail = matcher.matches() ? matcher.group(2) : message;
        String reason =
                detail.startsWith(RECEIVED)
                        ? refusedByPeer(detail.substring(RECEIVED.length()))
                        : refused(alert, detail, failure);
        return new TlsHandshakeException(reason, false, failure);
    }

    private static String refusedByPeer(String alert) {
        String text =
                switch (alert) {
                    case "certificate_required" -> "the peer requires a certificate";
                    case "unknown_ca", "certificate_unknown", "bad_certificate" ->
                            "the peer does not trust the certificate";
                    case "certificate_expired" -> "the peer found the certificate expired";
                    case "certificate_revoked" -> "the peer found the certificate revoked";
                    case "protocol_version" -> "the peer found no protocol version in common";
                    case "handshake_failure", "insufficient_security" ->
                            "the peer found no cipher suite or other parameter in common";
                    case "unrecognized_name" -> "the peer does not know the host name";
                    case "user_canceled" -> "the peer canceled the handshake";
                    default -> "the peer refused the handshake";
                };
        return text + " (alert " + printable(alert) + ")";
    }

    private static String refused(String alert, String detail, SSLException failure) {
        if (detail.contains("Empty client certificate chain")
                || detail.contains("Empty server certificate chain")) {
            return "the peer sent no certificate, and one is required";
        }
        if (detail.contains("close_notify during handshake")) {
            return "the peer ended the handshake with close_notify";
        }
        if (detail.equals("Unexpected exception")) {
            return "a record cannot be decrypted";
        }
        if (detail.contains("no cipher suites in common")) {
            return "no cipher suite in common";
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            switch (cause) {
                case CertificateExpiredException _ -> {
                    return "the peer's certificate has expired";
                }
                case CertificateNotYetValidException _ -> {
                    return "the peer's certificate is not valid yet";
                }
                case CertPathBuilderException _ -> {
                    return "the peer's certificate was not issued by a trusted authority";
                }
                case AEADBadTagException _ -> {
                    return "a record cannot be decrypted";
                }
                default -> {}
            }
        }
        return switch (alert) {
            case "certificate_unknown", "bad_certificate", "unsupported_certificate" ->
                    "the peer's certificate was not accepted: " + printable(detail);
            case "protocol_version" -> "no protocol version in common: " + printable(detail);
            case "" -> printable(detail);
            default -> printable(detail) + " (" + alert + ")";
        };
    }

    /** Returns the text as one line of ASCII with at most {@value #LONGEST_DETAIL} characters. */
    static String printable(String text) {
        StringBuilder safe = new StringBuilder();
        text.codePoints()
                .limit(LONGEST_DETAIL)
                .map(c -> c < ' ' || c > '~' ? '?' : c)
                .forEach(safe::appendCodePoint);
        return safe.toString();
    }
}
