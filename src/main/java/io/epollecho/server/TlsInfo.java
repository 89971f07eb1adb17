package io.epollecho.server;

import org.jspecify.annotations.Nullable;

/**
 * The negotiated TLS parameters of a connection.
 *
 * @param protocol {@code TLSv1.2} or {@code TLSv1.3}
 * @param cipherSuite the standard name of the cipher suite
 * @param serverName the host name that the client requested on this connection (RFC 6066, section
 *     3), at most 255 characters; null if it sent none
 * @param clientSubject the subject of the client's certificate as in RFC 2253, cut after 255
 *     characters; null if the client has not authenticated itself. A client that resumes a session
 *     is authenticated by the certificate with which it began the session
 */
public record TlsInfo(
        String protocol,
        String cipherSuite,
        @Nullable String serverName,
        @Nullable String clientSubject) {

    private static final int LONGEST_SUBJECT = 255;

    /** Cuts the subject, whose length only the authority that signed it could limit. */
    public TlsInfo {
        if (clientSubject != null && clientSubject.length() > LONGEST_SUBJECT) {
            clientSubject = clientSubject.substring(0, LONGEST_SUBJECT);
        }
    }

    /** Returns the total length of the names that come from the client. */
    int lengthOfNames() {
        return (serverName == null ? 0 : serverName.length())
                + (clientSubject == null ? 0 : clientSubject.length());
    }
}
