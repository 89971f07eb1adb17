package io.epollecho.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** The certificate and the TLS parameters that all TLS servers share. */
final class Certificate {

    static final String PROTOCOL = "TLSv1.3";
    static final String CIPHER_SUITE = "TLS_AES_128_GCM_SHA256";

    /** The group that browsers and OpenSSL prefer among those that all contenders support. */
    static final String GROUP = "x25519";

    private static final String ALIAS = "server";
    private static final String PASSWORD = "benchmark";

    private final KeyStore store;

    private Certificate(KeyStore store) {
        this.store = store;
    }

    /** Creates a self-signed ECDSA certificate on the curve P-256. */
    static void create(Path file) throws IOException {
        Files.deleteIfExists(file);
        String output =
                Tool.output(
                        List.of(
                                Tool.ofJdk("keytool"),
                                "-genkeypair",
                                "-alias",
                                ALIAS,
                                "-keyalg",
                                "EC",
                                "-groupname",
                                "secp256r1",
                                "-sigalg",
                                "SHA256withECDSA",
                                "-dname",
                                "CN=localhost",
                                "-validity",
                                "30",
                                "-storetype",
                                "PKCS12",
                                "-storepass",
                                PASSWORD,
                                "-keystore",
                                file.toString()));
        if (!Files.exists(file)) {
            throw new IOException("keytool created no certificate: " + output);
        }
    }

    static Certificate load(Path file) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        return new Certificate(store);
    }

    PrivateKey key() throws GeneralSecurityException {
        return (PrivateKey) store.getKey(ALIAS, PASSWORD.toCharArray());
    }

    X509Certificate certificate() throws GeneralSecurityException {
        return (X509Certificate) store.getCertificate(ALIAS);
    }

    SSLContext context() throws GeneralSecurityException {
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }
}
