package io.epollecho.probe;

import java.util.List;

import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * The client's side of TLS.
 *
 * @param context the authorities to trust and the certificate to present
 * @param serverName the host name to ask for (RFC 6066, 3), or an IP address, which is not sent
 * @param nameVerified true to demand that the server's certificate is for this name (RFC 2818, 3.1)
 */
public record ClientTls(SSLContext context, String serverName, boolean nameVerified) {

    /** Returns the engine of a new connection. */
    SSLEngine engine(int port) {
        SSLEngine engine = context.createSSLEngine(serverName, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm(nameVerified ? "HTTPS" : null);
        if (!isAddress(serverName)) {
            // The JDK by itself sends no name without a dot.
            parameters.setServerNames(List.of(new SNIHostName(serverName)));
        }
        engine.setSSLParameters(parameters);
        return engine;
    }

    private static boolean isAddress(String name) {
        return name.indexOf(':') >= 0 || name.matches("[0-9.]+");
    }
}
