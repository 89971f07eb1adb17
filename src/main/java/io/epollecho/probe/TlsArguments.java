package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** The command-line options for TLS. */
final class TlsArguments {

    private static final String NEEDS_TLS = "requires --tls";

    @Option(names = "--tls", description = "Use TLS, and verify the server's certificate.")
    private boolean tls;

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "PEM file with the trusted certificates (default: those of Java).")
    private @Nullable Path ca;

    @Option(
            names = "--cert",
            paramLabel = "FILE",
            description = "PEM file with the client certificate.")
    private @Nullable Path certificate;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            description = "PEM file with its private key, in PKCS #8 format.")
    private @Nullable Path key;

    @Option(
            names = "--server-name",
            paramLabel = "NAME",
            description = "Name to send (SNI) and to verify (default: the host).")
    private @Nullable String serverName;

    @Option(names = "--insecure", description = "Accept any server certificate.")
    private boolean insecure;

    /** Returns the client's TLS settings, or null if TLS is not used. */
    @Nullable ClientTls resolve(String host) {
        if (!tls) {
            require(ca == null, "ca", ca, NEEDS_TLS);
            require(certificate == null, "cert", certificate, NEEDS_TLS);
            require(key == null, "key", key, NEEDS_TLS);
            require(serverName == null, "server-name", serverName, NEEDS_TLS);
            require(!insecure, "insecure", null, NEEDS_TLS);
            return null;
        }
        require(!insecure || ca == null, "ca", ca, "cannot be combined with --insecure");
        require(certificate == null || key != null, "cert", certificate, "requires --key");
        require(key == null || certificate != null, "key", key, "requires --cert");
        if (serverName != null) {
            requireHostName(serverName);
        }
        return new ClientTls(context(), serverName == null ? host : serverName, !insecure);
    }

    /**
     * A name that cannot be requested is permitted as the target only, where it is not requested.
     */
    private static void requireHostName(String name) {
        require(
                ClientTls.isHostName(ClientTls.withoutFinalDot(name)),
                "server-name",
                name,
                "must be a host name of letters, digits, hyphens and dots");
    }

    private SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers(), trustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every JDK supports TLS
        }
    }

    private TrustManager @Nullable [] trustManagers() throws GeneralSecurityException {
        if (insecure) {
            return new TrustManager[] {new TrustEverybody()};
        }
        if (ca == null) {
            return null;
        }
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        try {
            trusted.load(null, null);
            for (X509Certificate authority : Pem.certificates(ca)) {
                trusted.setCertificateEntry("ca-" + trusted.size(), authority);
            }
        } catch (IOException e) {
            throw unreadable("ca", ca, e);
        }
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        return factory.getTrustManagers();
    }

    private KeyManager @Nullable [] keyManagers() throws GeneralSecurityException {
        if (certificate == null || key == null) {
            return null;
        }
        List<X509Certificate> chain;
        try {
            chain = Pem.certificates(certificate);
        } catch (IOException e) {
            throw unreadable("cert", certificate, e);
        }
        PublicKey publicKey = chain.getFirst().getPublicKey();
        PrivateKey privateKey;
        try {
            privateKey = Pem.privateKey(key, publicKey.getAlgorithm());
        } catch (IOException e) {
            throw unreadable("key", key, e);
        }
        boolean pair;
        try {
            pair = belongTogether(privateKey, publicKey);
        } catch (GeneralSecurityException e) {
            throw new InvalidOptionException(
                    "key",
                    key,
                    String.format(
                            Locale.ROOT,
                            "a key of the type %s cannot sign",
                            publicKey.getAlgorithm()));
        }
        require(pair, "key", key, "the key does not match the certificate of --cert");
        return new KeyManager[] {
            new ClientIdentity(chain.toArray(new X509Certificate[0]), privateKey)
        };
    }

    /**
     * Returns whether the keys form a pair. A mismatch would otherwise make the server refuse the
     * handshake with an alert that does not name the reason.
     */
    private static boolean belongTogether(PrivateKey privateKey, PublicKey publicKey)
            throws GeneralSecurityException {
        Signature signature =
                Signature.getInstance(
                        switch (publicKey.getAlgorithm()) {
                            case "RSA" -> "SHA256withRSA";
                            case "EC" -> "SHA256withECDSA";
                            default -> publicKey.getAlgorithm();
                        });
        signature.initSign(privateKey);
        byte[] signed = signature.sign();
        signature.initVerify(publicKey);
        return signature.verify(signed);
    }

    private static InvalidOptionException unreadable(String option, Path file, IOException cause) {
        String reason =
                switch (cause) {
                    case NoSuchFileException _ -> "the file does not exist";
                    case Pem.FormatException format -> format.reason();
                    default -> "the file cannot be read: " + cause.getMessage();
                };
        return new InvalidOptionException(option, file, reason);
    }

    private static void require(
            boolean holds, String option, @Nullable Object value, String remedy) {
        if (!holds) {
            throw new InvalidOptionException(option, value == null ? "" : value, remedy);
        }
    }
}
