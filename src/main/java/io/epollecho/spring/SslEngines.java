package io.epollecho.spring;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
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

import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/**
 * Makes TLS engines of the SSL bundles that listeners name. A bundle that is renewed serves new
 * connections at once; if it cannot be loaded again, the previous state serves on.
 */
final class SslEngines {

    private static final Log log = LogFactory.getLog(SslEngines.class);

    private final SslBundles bundles;
    private final Environment environment;

    /**
     * Creates engines of these bundles.
     *
     * @param bundles the application's bundles
     * @param environment tells where a property is written
     */
    SslEngines(SslBundles bundles, Environment environment) {
        this.bundles = bundles;
        this.environment = environment;
    }

    /** A bundle as far as each engine needs it. */
    private record State(SSLContext context, SslOptions options) {

        static State of(SslBundle bundle) {
            return new State(bundle.createSslContext(), bundle.getOptions());
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
     * Returns the engines of a bundle.
     *
     * @param property the property that names the bundle
     * @param name the name of the bundle
     * @param asksClients whether clients are asked for a certificate, which has to be verified
     * @return makes a fresh engine at each call, for any thread
     * @throws InvalidPropertyException if there is no such bundle, if it cannot be loaded, or if
     *     something is missing in it
     */
    Supplier<SSLEngine> of(ConfigurationPropertyName property, String name, boolean asksClients) {
        State loaded;
        try {
            SslBundle bundle = bundles.getBundle(name);
            requireStores(property, bundle, asksClients);
            loaded = State.of(bundle);
            loaded.newEngine(); // refuses unknown protocols and cipher suites
        } catch (NoSuchSslBundleException e) {
            throw invalid(property, "it must be the name of an SSL bundle, " + known());
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw invalid(
                    property,
                    "the bundle cannot be loaded: "
                            + NestedExceptionUtils.getMostSpecificCause(e).getMessage());
        }
        var current = new AtomicReference<>(loaded);
        bundles.addBundleUpdateHandler(name, renewed -> renew(name, current, renewed));
        return () -> current.get().newEngine();
    }

    private static void renew(String name, AtomicReference<State> current, SslBundle renewed) {
        try {
            current.set(State.of(renewed));
            log.info("SSL bundle %s renewed; new connections use it".formatted(name));
        } catch (RuntimeException e) {
            log.error(
                    "SSL bundle %s cannot be loaded again; new connections use its previous state"
                            .formatted(name),
                    e);
        }
    }

    private void requireStores(
            ConfigurationPropertyName property, SslBundle bundle, boolean asksClients) {
        KeyStore keys = bundle.getStores().getKeyStore();
        if (keys == null) {
            throw invalid(property, "the bundle must have a certificate with its private key");
        }
        if (asksClients && bundle.getStores().getTrustStore() == null) {
            throw invalid(
                    property,
                    "the bundle must have a trust store, because client-auth asks clients for"
                            + " certificates");
        }
    }

    private String known() {
        List<String> names = bundles.getBundleNames();
        return names.isEmpty()
                ? "and there is none; define one below spring.ssl.bundle"
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
