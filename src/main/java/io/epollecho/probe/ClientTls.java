package io.epollecho.probe;

import java.io.IOException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;

/**
 * The client's TLS settings.
 *
 * @param context the context with the trusted authorities and the client certificate
 * @param serverName the host name to request (SNI, RFC 6066, section 3). An IP address is not sent,
 *     nor is a name that is no host name, such as one with an underscore. A final dot is ignored.
 * @param nameVerified true to require that the server's certificate matches this name (RFC 2818,
 *     section 3.1)
 */
public record ClientTls(SSLContext context, String serverName, boolean nameVerified) {

    /** The type of a subject alternative name that is a name (RFC 5280, section 4.2.1.6). */
    private static final Integer DNS_NAME = 2;

    /** Removes the final dot of a fully qualified name, which certificates do not contain. */
    public ClientTls {
        serverName = withoutFinalDot(serverName);
    }

    static String withoutFinalDot(String name) {
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    /** Returns a new engine for one connection. */
    SSLEngine engine(int port) {
        SSLEngine engine = context.createSSLEngine(serverName, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        boolean hostName = isHostName(serverName);
        boolean checkedByTheEngine = nameVerified && (hostName || isAddress(serverName));
        parameters.setEndpointIdentificationAlgorithm(checkedByTheEngine ? "HTTPS" : null);
        // By default, the JDK does not send a name without a dot.
        parameters.setServerNames(
                hostName ? List.of(new SNIHostName(serverName)) : Collections.emptyList());
        engine.setSSLParameters(parameters);
        return engine;
    }

    /**
     * Requires that the certificate matches a name that the JDK refuses to look for, because it is
     * no host name: DNS permits other names too, such as {@code echo_server}.
     */
    void verifyName(SSLSession session) throws IOException {
        if (!nameVerified || isHostName(serverName) || isAddress(serverName)) {
            return;
        }
        try {
            var certificate = (X509Certificate) session.getPeerCertificates()[0];
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            if (names != null
                    && names.stream()
                            .filter(name -> name.getFirst().equals(DNS_NAME))
                            .anyMatch(name -> matches(String.valueOf(name.get(1))))) {
                return;
            }
        } catch (CertificateParsingException e) {
            throw new ConnectionFailedException(
                    FailureKind.TLS, "TLS handshake failed: the certificate is invalid", e);
        }
        throw new ConnectionFailedException(
                FailureKind.TLS,
                "TLS handshake failed: the certificate is not valid for " + serverName);
    }

    /** Returns whether a name in a certificate, such as *.echo.example, matches the server's. */
    private boolean matches(String pattern) {
        int dot = serverName.indexOf('.');
        return pattern.equalsIgnoreCase(serverName)
                || (pattern.startsWith("*.")
                        && dot > 0
                        && pattern.substring(1).equalsIgnoreCase(serverName.substring(dot)));
    }

    /** Returns whether a name can be requested; DNS permits more names than that. */
    static boolean isHostName(String name) {
        if (isAddress(name)) {
            return false;
        }
        try {
            new SNIHostName(name);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static boolean isAddress(String name) {
        return name.indexOf(':') >= 0 || name.matches("[0-9.]+");
    }
}
