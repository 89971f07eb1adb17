package io.epollecho.stream;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** A detector that recognizes TLS, and names other protocols, by the first bytes of a peer. */
final class FirstBytes {

    /**
     * The length of a TLS record header in bytes, which is enough to recognize the usual mistakes.
     */
    static final int LENGTH = 5;

    private static final Set<String> HTTP =
            Set.of("GET /", "POST ", "PUT /", "HEAD ", "PATCH", "DELET", "OPTIO", "CONNE", "TRACE");

    private static final int ALERT = 21;
    private static final int HANDSHAKE = 22;
    private static final int MAJOR_VERSION = 3;

    private FirstBytes() {}

    /** Returns whether a TLS peer can start with these bytes. */
    static boolean areTls(ByteBuffer bytes) {
        int type = bytes.get(bytes.position());
        int majorVersion = bytes.get(bytes.position() + 1);
        return (type == HANDSHAKE || type == ALERT) && majorVersion == MAJOR_VERSION;
    }

    /** Describes the protocol that the peer seems to speak instead of TLS. */
    static String describe(ByteBuffer bytes) {
        byte[] first = new byte[LENGTH];
        bytes.get(bytes.position(), first);
        String text = new String(first, StandardCharsets.ISO_8859_1);
        if (HTTP.contains(text) || text.equals("PRI *")) {
            return "not TLS but an HTTP request";
        }
        if (text.equals("PROXY") || text.equals("\r\n\r\n\0")) {
            return "not TLS but a PROXY protocol header";
        }
        if (text.startsWith("SSH-")) {
            return "not TLS but SSH";
        }
        return "not TLS";
    }
}
