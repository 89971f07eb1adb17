package io.epollecho.stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** Keys and certificates, generated on first use. */
public final class Certificates {

    /** The host name. It contains a dot, because clients request only such names (RFC 6066, 3). */
    public static final String HOST = "echo.test";

    /** A certificate for the host, signed by the authority. */
    public static final String SERVER = "server";

    /** Another certificate for the same host, signed by the authority. */
    public static final String RENEWED = "renewed";

    /** A certificate for localhost and for all names in echo.example, signed by the authority. */
    public static final String NAMED = "named";

    /** A client certificate, signed by the authority. */
    public static final String CLIENT = "client";

    /** A client certificate with hundreds of names, signed by the authority. */
    public static final String VERBOSE = "verbose";

    /** A certificate that the authority signed a month ago and that was valid for a day. */
    public static final String EXPIRED = "expired";

    /** A self-signed certificate. */
    public static final String STRANGER = "stranger";

    /** The authority that every context trusts unless it names another certificate. */
    public static final String AUTHORITY = "authority";

    private static final char[] PASSWORD = "changeit".toCharArray();

    /**
     * The system property that names a file with the keys of another process, to use instead of new
     * keys.
     */
    private static final String FILE_PROPERTY = "certificates";

    private static final KeyStore ALL =
            System.getProperty(FILE_PROPERTY) == null ? generate() : loadFile();

    private Certificates() {}

    private static KeyStore generate() {
        try {
            Instant now = Instant.now();
            Instant later = now.plus(Duration.ofDays(90));
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, PASSWORD);
            KeyPair keys = newKeys();
            var writer = new CertificateWriter(AUTHORITY, keys);
            X509Certificate authority =
                    writer.issue(AUTHORITY, keys.getPublic(), true, List.of(), now, later);
            add(store, AUTHORITY, keys, authority);
            var hosts =
                    Map.of(
                            SERVER, List.of(HOST),
                            RENEWED, List.of(HOST),
                            NAMED, List.of("localhost", "*.echo.example"),
                            CLIENT, List.<String>of(),
                            VERBOSE, manyNames(),
                            EXPIRED, List.<String>of());
            for (var entry : hosts.entrySet()) {
                String alias = entry.getKey();
                boolean expired = alias.equals(EXPIRED);
                KeyPair own = newKeys();
                X509Certificate certificate =
                        writer.issue(
                                alias,
                                own.getPublic(),
                                false,
                                entry.getValue(),
                                expired ? now.minus(Duration.ofDays(30)) : now,
                                expired ? now.minus(Duration.ofDays(29)) : later);
                add(store, alias, own, certificate, authority);
            }
            KeyPair strange = newKeys();
            add(
                    store,
                    STRANGER,
                    strange,
                    new CertificateWriter(STRANGER, strange)
                            .issue(STRANGER, strange.getPublic(), false, List.of(), now, later));
            return store;
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** Writes a new self-signed certificate as {@code tls.crt}, and its key as {@code tls.key}. */
    public static void writeSelfSigned(Path directory, String name)
            throws IOException, GeneralSecurityException {
        KeyPair keys = newKeys();
        Instant now = Instant.now();
        X509Certificate certificate =
                new CertificateWriter(name, keys)
                        .issue(
                                name,
                                keys.getPublic(),
                                false,
                                List.of(),
                                now,
                                now.plus(Duration.ofDays(90)));
        Files.writeString(
                directory.resolve("tls.crt"), pem("CERTIFICATE", certificate.getEncoded()));
        Files.writeString(
                directory.resolve("tls.key"), pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
    }

    private static KeyPair newKeys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }

    private static void add(KeyStore store, String alias, KeyPair keys, X509Certificate... chain)
            throws GeneralSecurityException {
        store.setKeyEntry(alias, keys.getPrivate(), PASSWORD, chain);
    }

    private static List<String> manyNames() {
        return IntStream.range(0, 300)
                .mapToObj(i -> "client-with-one-of-its-many-names-" + i + ".echo.test")
                .toList();
    }

    private static KeyStore loadFile() {
        try {
            return load(Path.of(System.getProperty(FILE_PROPERTY)));
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static KeyStore load(Path file) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    /** Saves all keys and returns the option with which another JVM uses them. */
    public static String saveFor(Path file) {
        try (OutputStream out = Files.newOutputStream(file)) {
            ALL.store(out, PASSWORD);
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
        return "-D" + FILE_PROPERTY + "=" + file;
    }

    /** Returns a context that has the given key and trusts the authority. */
    public static SSLContext context(@Nullable String alias) {
        return context(alias, AUTHORITY);
    }

    /** Returns a context that has the given key and trusts only the given certificate. */
    public static SSLContext context(@Nullable String alias, String trusted) {
        try {
            KeyStore own = KeyStore.getInstance("PKCS12");
            own.load(null, PASSWORD);
            if (alias != null) {
                own.setKeyEntry(
                        alias,
                        ALL.getKey(alias, PASSWORD),
                        PASSWORD,
                        ALL.getCertificateChain(alias));
            }
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(own, PASSWORD);
            KeyStore others = KeyStore.getInstance("PKCS12");
            others.load(null, PASSWORD);
            others.setCertificateEntry(trusted, ALL.getCertificate(trusted));
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(others);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns a server's context that runs a callback before it uses its key. */
    static SSLContext serverContext(String alias, Callable<?> beforeUse) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    new KeyManager[] {
                        new InsistentKeyManager(alias) {
                            @Override
                            public String chooseEngineServerAlias(
                                    String keyType, Principal[] issuers, SSLEngine engine) {
                                try {
                                    beforeUse.call();
                                } catch (Exception e) {
                                    throw new AssertionError(e);
                                }
                                return alias;
                            }
                        }
                    },
                    null,
                    null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * Returns a context that presents the given certificate to every server, whatever the server
     * requests.
     */
    public static SSLContext insistentContext(String alias) {
        try {
            KeyStore others = KeyStore.getInstance("PKCS12");
            others.load(null, PASSWORD);
            others.setCertificateEntry(AUTHORITY, ALL.getCertificate(AUTHORITY));
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(others);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    new KeyManager[] {new InsistentKeyManager(alias)},
                    trust.getTrustManagers(),
                    null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns a context with the certificate of one key and the private key of another. */
    public static SSLContext mixedContext(String certificate, String key) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    new KeyManager[] {
                        new InsistentKeyManager(certificate) {
                            @Override
                            public String chooseEngineServerAlias(
                                    String keyType, Principal[] issuers, SSLEngine engine) {
                                return certificate;
                            }

                            @Override
                            public PrivateKey getPrivateKey(String alias) {
                                return super.getPrivateKey(key);
                            }
                        }
                    },
                    null,
                    null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static class InsistentKeyManager extends X509ExtendedKeyManager {

        private final String alias;

        InsistentKeyManager(String alias) {
            this.alias = alias;
        }

        @Override
        public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
            return alias;
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            try {
                return new X509Certificate[] {(X509Certificate) ALL.getCertificate(alias)};
            } catch (GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            try {
                return (PrivateKey) ALL.getKey(alias, PASSWORD);
            } catch (GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public String[] getClientAliases(String keyType, Principal[] issuers) {
            return new String[] {alias};
        }

        @Override
        public String[] getServerAliases(String keyType, Principal[] issuers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
            throw new UnsupportedOperationException();
        }
    }

    public static SSLEngine serverEngine(SSLContext context, String... protocols) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(protocols);
        return engine;
    }

    public static SSLEngine clientEngine(SSLContext context, String... protocols) {
        SSLEngine engine = context.createSSLEngine(HOST, 443);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(protocols);
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        return engine;
    }

    /** Returns the certificate of the authority in the PEM format. */
    public static String authorityAsPem() throws GeneralSecurityException {
        return certificateAsPem(AUTHORITY);
    }

    /** Returns a certificate, without its chain, in the PEM format. */
    public static String certificateAsPem(String alias) throws GeneralSecurityException {
        return pem("CERTIFICATE", ALL.getCertificate(alias).getEncoded());
    }

    /** Returns a private key in the PEM format. */
    public static String keyAsPem(String alias) throws GeneralSecurityException {
        return pem("PRIVATE KEY", ALL.getKey(alias, PASSWORD).getEncoded());
    }

    /** Returns a private key and its certificate in the PEM format. */
    public static String asPem(String alias) throws GeneralSecurityException {
        return keyAsPem(alias) + certificateAsPem(alias);
    }

    private static String pem(String type, byte[] encoded) {
        return "-----BEGIN %s-----\n%s\n-----END %1$s-----\n"
                .formatted(type, Base64.getMimeEncoder().encodeToString(encoded));
    }
}
