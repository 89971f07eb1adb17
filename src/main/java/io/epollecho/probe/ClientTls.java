package io.epollecho.probe;

import java.util.List;

import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * The client's TLS settings.
 *
 * @param context the context with the trusted authorities and the client certificate
 * @param serverName the host name to request (SNI, RFC 6066, section 3), or an IP address, which is
 *     not sent
 * @param nameVerified true to require that the server's certificate matches this name (RFC 2818,
 *     section 3.1)
 */
public record ClientTls(SSLContext context, String serverName, boolean nameVerified) {

    /** Returns a new engine for one connection. */
    SSLEngine engine(int port) {
        SSLEngine engine = context.createSSLEngine(serverName, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm(nameVerified ? "HTTPS" : null);
        if (!isAddress(serverName)) {
            // By default, the JDK does not send a name without a dot.
            parameters.setServerNames(List.of(new SNIHostName(serverName)));
        }
        engine.setSSLParameters(parameters);
        return engine;
    }

    private static boolean isAddress(String name) {
        return name.indexOf(':') >= 0 || name.matches("[0-9.]+");
    }
}
