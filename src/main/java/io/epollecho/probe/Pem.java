package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reader of PEM files (RFC 7468), based on the JDK's factories. They parse PEM certificates, but
 * not PEM private keys, which Java 25 supports only as a preview; so the key's PEM encoding is
 * removed here.
 */
final class Pem {

    private static final Pattern KEY =
            Pattern.compile(
                    "-----BEGIN ([A-Z ]*)PRIVATE KEY-----(.*?)-----END \\1PRIVATE KEY-----",
                    Pattern.DOTALL);

    private Pem() {}

    /** Thrown if a file is readable but does not contain the expected data. */
    static final class FormatException extends IOException {

        private static final long serialVersionUID = 1L;

        private final String reason;

        private FormatException(String reason, @Nullable Throwable cause) {
            super(reason, cause);
            this.reason = reason;
        }

        String reason() {
            return reason;
        }
    }

    /** Returns all certificates in a file, at least one. */
    static List<X509Certificate> certificates(Path file) throws IOException {
        InputStream in = new ByteArrayInputStream(Files.readAllBytes(file));
        try {
            List<X509Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (certificates.isEmpty()) {
                throw new FormatException("the file contains no certificate", null);
            }
            return certificates;
        } catch (CertificateException e) {
            throw new FormatException("the file contains an invalid certificate", e);
        }
    }

    /**
     * Returns the private key in a file.
     *
     * @param algorithm the algorithm of the corresponding public key
     */
    static PrivateKey privateKey(Path file, String algorithm) throws IOException {
        Matcher matcher = KEY.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
        if (!matcher.find()) {
            throw new FormatException("the file contains no private key", null);
        }
        if (!matcher.group(1).isEmpty()) {
            throw new FormatException(
                    String.format(
                            Locale.ROOT,
                            "the file contains an %sPRIVATE KEY; convert it with"
                                    + " openssl pkcs8 -topk8 -nodes",
                            matcher.group(1)),
                    null);
        }
        try {
            byte[] encoded = Base64.getMimeDecoder().decode(matcher.group(2));
            return KeyFactory.getInstance(algorithm)
                    .generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new FormatException(
                    String.format(Locale.ROOT, "the file contains no %s private key", algorithm),
                    e);
        }
    }
}
