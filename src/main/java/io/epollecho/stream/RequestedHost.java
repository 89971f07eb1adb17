package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.List;

import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.StandardConstants;

/**
 * The host name in the ClientHello of one connection (SNI; RFC 6066, 3). Any name that can exist in
 * the DNS is accepted; with a longer one, the engine fails with the alert unrecognized_name. As the
 * RFC requires, the engine does not resume a session with a different name.
 */
final class RequestedHost extends SNIMatcher {

    /** The maximum length of a name in the DNS (RFC 1035, 2.3.4). */
    static final int LONGEST = 255;

    /** Set by a task of the engine, which ends before other threads read the name. */
    private @Nullable String name;

    private RequestedHost() {
        super(StandardConstants.SNI_HOST_NAME);
    }

    /** Returns the name that the given engine will receive. */
    static RequestedHost of(SSLEngine engine) {
        var host = new RequestedHost();
        SSLParameters parameters = engine.getSSLParameters();
        // Without them, the engine keeps its own, which it shares with others, and no copy.
        parameters.setCipherSuites(null);
        parameters.setProtocols(null);
        parameters.setSNIMatchers(List.of(host));
        engine.setSSLParameters(parameters);
        return host;
    }

    @Override
    public boolean matches(SNIServerName requested) {
        byte[] bytes = requested.getEncoded();
        if (bytes.length > LONGEST) {
            return false;
        }
        name = new String(bytes, StandardCharsets.US_ASCII);
        return true;
    }

    /** Returns the name; null if the client has requested none. */
    @Nullable String name() {
        return name;
    }
}
