package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** Keys and certificates, made by keytool when they are first needed. */
final class Certificates {

    /** Has a dot, as clients ask for no other names (RFC 6066, 3). */
    static final String HOST = "echo.test";

    /** Signed by the authority, for the host. */
    static final String SERVER = "server";

    /** Signed by the authority. */
    static final String CLIENT = "client";

    /** Signed by the authority, a month ago, for a day. */
    static final String EXPIRED = "expired";

    /** Signed by nobody else. */
    static final String STRANGER = "stranger";

    private static final String AUTHORITY = "authority";
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final KeyStore ALL = generate();

    private Certificates() {}

    private static KeyStore generate() {
        try {
            Path directory = Files.createTempDirectory("certificates");
            Path file = directory.resolve("all.p12");
            try {
                keytool(file, AUTHORITY, "-ext", "bc:c", "-validity", "90");
                keytool(file, SERVER, "-signer", AUTHORITY, "-ext", "san=dns:" + HOST);
                keytool(file, CLIENT, "-signer", AUTHORITY);
                keytool(
                        file,
                        EXPIRED,
                        "-signer",
                        AUTHORITY,
                        "-startdate",
                        "-30d",
                        "-validity",
                        "1");
                keytool(file, STRANGER);
                KeyStore store = KeyStore.getInstance("PKCS12");
                try (InputStream in = Files.newInputStream(file)) {
                    store.load(in, PASSWORD);
                }
                return store;
            } finally {
                Files.deleteIfExists(file);
                Files.delete(directory);
            }
        } catch (IOException | GeneralSecurityException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void keytool(Path file, String alias, String... options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-J-Xshare:auto", "-J-XX:TieredStopAtLevel=1", "-genkeypair"));
        command.addAll(List.of("-alias", alias, "-dname", "CN=" + alias));
        command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
        command.addAll(List.of("-keystore", file.toString(), "-storetype", "PKCS12"));
        command.addAll(List.of("-storepass", new String(PASSWORD)));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = String.join("\n", process.inputReader().readAllLines());
        assertThat(process.waitFor()).as(output).isZero();
    }

    /** A context with that key, which trusts the authority. */
    static SSLContext context(@Nullable String alias) {
        return context(alias, AUTHORITY);
    }

    /** A context with that key, which trusts nobody else than that certificate. */
    static SSLContext context(@Nullable String alias, String trusted) {
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

    /** A context of a server that calls before it uses its key. */
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

    /** A context that presents that certificate to every server, whatever it asks for. */
    static SSLContext insistentContext(String alias) {
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

    static SSLEngine serverEngine(SSLContext context, String... protocols) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(protocols);
        return engine;
    }

    static SSLEngine clientEngine(SSLContext context, String... protocols) {
        SSLEngine engine = context.createSSLEngine(HOST, 443);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(protocols);
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        return engine;
    }

    /** The certificate of the authority, as OpenSSL reads it. */
    static String authorityAsPem() throws GeneralSecurityException {
        Certificate certificate = ALL.getCertificate(AUTHORITY);
        return "-----BEGIN CERTIFICATE-----\n"
                + Base64.getMimeEncoder().encodeToString(certificate.getEncoded())
                + "\n-----END CERTIFICATE-----\n";
    }
}
