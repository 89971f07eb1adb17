package io.epollecho.stream;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * Issues certificates for elliptic-curve keys (RFC 5280), within milliseconds. The JDK can do this
 * only in a separate process, keytool.
 *
 * @param name the common name of the issuer
 * @param keys the keys of the issuer
 */
record CertificateWriter(String name, KeyPair keys) {

    private static final int BOOLEAN = 0x01;
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OCTET_STRING = 0x04;
    private static final int OBJECT_IDENTIFIER = 0x06;
    private static final int UTF8_STRING = 0x0C;
    private static final int GENERALIZED_TIME = 0x18;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    private static final int DNS_NAME = 0x82;
    private static final int VERSION = 0xA0;
    private static final int EXTENSIONS = 0xA3;

    private static final byte[] COMMON_NAME = identifier("550403");
    private static final byte[] SUBJECT_ALTERNATIVE_NAME = identifier("551d11");
    private static final byte[] BASIC_CONSTRAINTS = identifier("551d13");
    private static final byte[] ECDSA_WITH_SHA256 = value(SEQUENCE, identifier("2a8648ce3d040302"));

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    /**
     * Signs a certificate for an authority, or for a client or server with the given host names.
     */
    X509Certificate issue(
            String subject,
            PublicKey key,
            boolean authority,
            List<String> hosts,
            Instant from,
            Instant until)
            throws GeneralSecurityException {
        byte[] unsigned =
                value(
                        SEQUENCE,
                        value(VERSION, value(INTEGER, new byte[] {2})),
                        value(INTEGER, new BigInteger(63, new SecureRandom()).toByteArray()),
                        ECDSA_WITH_SHA256,
                        commonName(name),
                        value(SEQUENCE, time(from), time(until)),
                        commonName(subject),
                        key.getEncoded(),
                        value(EXTENSIONS, value(SEQUENCE, constraints(authority), names(hosts))));
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(keys.getPrivate());
        signature.update(unsigned);
        byte[] signed =
                value(
                        SEQUENCE,
                        unsigned,
                        ECDSA_WITH_SHA256,
                        value(BIT_STRING, new byte[1], signature.sign()));
        return (X509Certificate)
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(signed));
    }

    private static byte[] constraints(boolean authority) {
        byte[] yes = value(BOOLEAN, new byte[] {(byte) 0xFF});
        return authority
                ? value(SEQUENCE, BASIC_CONSTRAINTS, yes, value(OCTET_STRING, value(SEQUENCE, yes)))
                : value(SEQUENCE, BASIC_CONSTRAINTS, value(OCTET_STRING, value(SEQUENCE)));
    }

    private static byte[] names(List<String> hosts) {
        if (hosts.isEmpty()) {
            return new byte[0];
        }
        byte[] names =
                value(
                        SEQUENCE,
                        hosts.stream()
                                .map(
                                        host ->
                                                value(
                                                        DNS_NAME,
                                                        host.getBytes(StandardCharsets.US_ASCII)))
                                .toArray(byte[][]::new));
        return value(SEQUENCE, SUBJECT_ALTERNATIVE_NAME, value(OCTET_STRING, names));
    }

    private static byte[] commonName(String name) {
        byte[] text = value(UTF8_STRING, name.getBytes(StandardCharsets.UTF_8));
        return value(SEQUENCE, value(SET, value(SEQUENCE, COMMON_NAME, text)));
    }

    private static byte[] time(Instant time) {
        return value(GENERALIZED_TIME, TIME.format(time).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] identifier(String hex) {
        return value(OBJECT_IDENTIFIER, HexFormat.of().parseHex(hex));
    }

    /** Encodes a value by the distinguished encoding rules (X.690). */
    private static byte[] value(int tag, byte[]... parts) {
        var content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        var encoded = new ByteArrayOutputStream();
        encoded.write(tag);
        int length = content.size();
        if (length < 0x80) {
            encoded.write(length);
        } else {
            byte[] digits = BigInteger.valueOf(length).toByteArray();
            int first = digits[0] == 0 ? 1 : 0; // the sign
            encoded.write(0x80 | (digits.length - first));
            encoded.write(digits, first, digits.length - first);
        }
        encoded.writeBytes(content.toByteArray());
        return encoded.toByteArray();
    }
}
