package io.epollecho.spring;

import io.epollecho.server.ClientAuth;
import io.epollecho.server.Setting;
import io.epollecho.server.TlsConfig;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.Environment;

import java.io.FileNotFoundException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/**
 * A factory of TLS engines based on the SSL bundles that listeners refer to. A renewed bundle
 * applies to new connections immediately; if it cannot be reloaded or no handshake succeeds with
 * it, its previous state remains in use. This is the rule for a moment if certificate and key are
 * replaced one after the other.
 */
final class SslEngines {

    private static final Log log = LogFactory.getLog(SslEngines.class);

    private final SslBundles bundles;
    private final Environment environment;
    private final CertificateRenewals renewals;

    /**
     * Creates a factory for the given bundles.
     *
     * @param bundles the application's bundles
     * @param environment the environment, used to find the origin of a property
     * @param renewals the counter of renewals
     */
    SslEngines(SslBundles bundles, Environment environment, CertificateRenewals renewals) {
        this.bundles = bundles;
        this.environment = environment;
        this.renewals = renewals;
    }

    /** The parts of a bundle that each engine needs. */
    private record State(SSLContext context, SslOptions options) {

        static State of(SslBundle bundle) {
            return new State(bundle.createSslContext(), bundle.getOptions());
        }

        /**
         * Returns a requirement that the bundle does not meet, as a clause; null if a client can
         * complete a handshake with it.
         */
        @Nullable String failure(ClientAuth clientAuth) {
            var trial =
                    new TlsConfig(
                            this::newEngine, clientAuth, Setting.HANDSHAKE_TIMEOUT.defaultValue());
            String failure = trial.handshakeFailure();
            return failure == null
                    ? null
                    : "no client can complete a handshake with it, because "
                            + failure
                            + "; the private key must belong to the certificate, and the cipher"
                            + " suites must fit the protocols and the key";
        }

        SSLEngine newEngine() {
            SSLEngine engine = context.createSSLEngine();
            if (options.getCiphers() != null) {
                engine.setEnabledCipherSuites(options.getCiphers());
            }
            if (options.getEnabledProtocols() != null) {
                engine.setEnabledProtocols(options.getEnabledProtocols());
            }
            return engine;
        }
    }

    /**
     * Returns the engine supplier of a bundle.
     *
     * @param property the property that names the bundle
     * @param name the name of the bundle
     * @param clientAuth whether clients are asked for a certificate, which must be verified
     * @return a thread-safe supplier that returns a new engine at each call
     * @throws InvalidPropertyException if the bundle does not exist, cannot be loaded, is
     *     incomplete, or does not allow any handshake
     */
    Supplier<SSLEngine> of(ConfigurationPropertyName property, String name, ClientAuth clientAuth) {
        var current = new AtomicReference<@Nullable State>();
        try {
            // Register the handler before reading the bundle; otherwise a renewal could be missed.
            bundles.addBundleUpdateHandler(
                    name, renewed -> renew(name, current, renewed, clientAuth));
            SslBundle bundle = bundles.getBundle(name);
            String missing = missing(bundle, clientAuth);
            if (missing != null) {
                throw invalid(property, missing);
            }
            State loaded = State.of(bundle);
            String failure = loaded.failure(clientAuth);
            if (failure != null) {
                throw invalid(property, failure);
            }
            current.compareAndSet(null, loaded);
        } catch (NoSuchSslBundleException e) {
            throw invalid(property, "it must be the name of an SSL bundle, " + known());
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw invalid(
                    property,
                    "the bundle cannot be loaded: "
                            + text(NestedExceptionUtils.getMostSpecificCause(e)));
        }
        return () -> Objects.requireNonNull(current.get()).newEngine();
    }

    private static String text(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        return cause instanceof FileNotFoundException ? "file not found: " + message : message;
    }

    private void renew(
            String name,
            AtomicReference<@Nullable State> current,
            SslBundle renewed,
            ClientAuth clientAuth) {
        try {
            String missing = missing(renewed, clientAuth);
            if (missing != null) {
                throw new IllegalStateException(missing);
            }
            State loaded = State.of(renewed);
            String failure = loaded.failure(clientAuth);
            if (failure != null) {
                renewals.fail();
                // Expected while one of two files has been replaced, so no stack trace.
                log.warn(
                        String.format(
                                Locale.ROOT,
                                "SSL bundle %s cannot be reloaded yet; new connections use its"
                                        + " previous state until its files change again: %s",
                                name,
                                failure));
                return;
            }
            current.set(loaded);
            renewals.succeed();
            log.info(
                    String.format(
                            Locale.ROOT, "SSL bundle %s renewed; new connections use it", name));
        } catch (RuntimeException e) {
            renewals.fail();
            log.error(
                    String.format(
                            Locale.ROOT,
                            "SSL bundle %s cannot be reloaded; new connections use its previous"
                                    + " state",
                            name),
                    e);
        }
    }

    /** Returns a requirement that the bundle does not meet, as a clause; null if it is complete. */
    private static @Nullable String missing(SslBundle bundle, ClientAuth clientAuth) {
        KeyStore keys = bundle.getStores().getKeyStore();
        if (keys == null || !hasKey(keys)) {
            return "it must be an SSL bundle with a certificate and its private key";
        }
        if (clientAuth != ClientAuth.NONE && bundle.getStores().getTrustStore() == null) {
            return "it must be an SSL bundle with a trust store, because client-auth asks clients"
                    + " for certificates";
        }
        return null;
    }

    private static boolean hasKey(KeyStore keys) {
        try {
            for (String alias : Collections.list(keys.aliases())) {
                if (keys.isKeyEntry(alias)) {
                    return true;
                }
            }
            return false;
        } catch (KeyStoreException e) {
            throw new IllegalStateException(e);
        }
    }

    private String known() {
        List<String> names = bundles.getBundleNames();
        return names.isEmpty()
                ? "but none is defined; define one below spring.ssl.bundle"
                : "one of " + String.join(", ", names);
    }

    private InvalidPropertyException invalid(ConfigurationPropertyName name, String requirement) {
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            ConfigurationProperty property = source.getConfigurationProperty(name);
            if (property != null) {
                return new InvalidPropertyException(
                        property, EchoServerPropertyNames.SSL_BUNDLE, requirement);
            }
        }
        return InvalidPropertyException.ofDefault(name.toString(), "", requirement);
    }
}
