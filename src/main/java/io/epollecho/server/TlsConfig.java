package io.epollecho.server;

import io.epollecho.stream.TrialHandshake;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/**
 * The configuration of a listener that uses TLS.
 *
 * @param engines returns a new engine for each connection, configured with the protocols and cipher
 *     suites that the listener offers. The server then sets its mode and client authentication.
 *     Called on the threads of the event loops. After a certificate renewal, engines may come from
 *     a different context; they apply only to new connections.
 * @param clientAuth whether clients are asked for a certificate
 * @param handshakeTimeout the time, from accept, within which the handshake must be complete
 */
public record TlsConfig(
        Supplier<SSLEngine> engines, ClientAuth clientAuth, Duration handshakeTimeout) {

    /**
     * Checks the range.
     *
     * @throws InvalidSettingException if the timeout is outside its range
     */
    public TlsConfig {
        Objects.requireNonNull(engines, "engines");
        Objects.requireNonNull(clientAuth, "clientAuth");
        Setting.HANDSHAKE_TIMEOUT.require(handshakeTimeout);
    }

    /**
     * Returns the default configuration with the keys and certificates of a context.
     *
     * @param context an initialized context
     * @return a valid configuration, which does not ask clients for a certificate
     */
    public static TlsConfig of(SSLContext context) {
        return new TlsConfig(
                context::createSSLEngine,
                Setting.CLIENT_AUTH.defaultValue(),
                Setting.HANDSHAKE_TIMEOUT.defaultValue());
    }

    /**
     * Returns this configuration with a different client authentication.
     *
     * @param clientAuth whether clients are asked for a certificate
     * @return a valid configuration
     */
    public TlsConfig withClientAuth(ClientAuth clientAuth) {
        return new TlsConfig(engines, clientAuth, handshakeTimeout);
    }

    /**
     * Tries a handshake in memory, with a client that offers everything that the JDK supports.
     *
     * @return the reason why no client can complete a handshake, as a clause; null if one can
     */
    public @Nullable String handshakeFailure() {
        return TrialHandshake.failure(newEngine());
    }

    /** Returns a new server-side engine for one connection. */
    SSLEngine newEngine() {
        SSLEngine engine = engines.get();
        engine.setUseClientMode(false);
        switch (clientAuth) {
            case NONE -> {}
            case WANT -> engine.setWantClientAuth(true);
            case NEED -> engine.setNeedClientAuth(true);
        }
        return engine;
    }
}
