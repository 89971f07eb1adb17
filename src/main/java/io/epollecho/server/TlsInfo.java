package io.epollecho.server;

import org.jspecify.annotations.Nullable;

/**
 * The negotiated TLS parameters of a connection.
 *
 * @param protocol {@code TLSv1.2} or {@code TLSv1.3}
 * @param cipherSuite the standard name of the cipher suite
 * @param serverName the host name that the client requested (RFC 6066, section 3); null if it sent
 *     none
 * @param clientSubject the subject of the client's certificate as in RFC 2253; null if it sent none
 */
public record TlsInfo(
        String protocol,
        String cipherSuite,
        @Nullable String serverName,
        @Nullable String clientSubject) {}
