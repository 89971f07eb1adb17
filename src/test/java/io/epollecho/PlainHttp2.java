package io.epollecho;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;

/**
 * An HTTP/2 client without TLS that sends one request with any header fields, as a browser does
 * (RFC 9113). Client libraries derive the authority from the address that they connect to.
 *
 * @param port the port of a server on this machine
 */
public record PlainHttp2(int port) {

    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int GO_AWAY = 7;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

    /**
     * Sends a request and returns the text of the body of the response.
     *
     * @param method the method
     * @param path the path
     * @param authority the host and port that the request names
     * @param body the body of the request; empty for none
     * @param fields names and values of further header fields
     */
    public String send(String method, String path, String authority, String body, String... fields)
            throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) EchoPeer.PATIENCE.toMillis());
            var out = new ByteArrayOutputStream();
            out.writeBytes(PREFACE.getBytes(ISO_8859_1));
            frame(out, SETTINGS, 0, 0, new byte[0]);
            var header = new ByteArrayOutputStream();
            for (List<String> field :
                    List.of(
                            List.of(":method", method),
                            List.of(":scheme", "http"),
                            List.of(":path", path),
                            List.of(":authority", authority))) {
                field(header, field.getFirst(), field.getLast());
            }
            for (int i = 0; i < fields.length; i += 2) {
                field(header, fields[i], fields[i + 1]);
            }
            int flags = END_HEADERS | (body.isEmpty() ? END_STREAM : 0);
            frame(out, HEADERS, flags, 1, header.toByteArray());
            if (!body.isEmpty()) {
                frame(out, DATA, END_STREAM, 1, body.getBytes(ISO_8859_1));
            }
            socket.getOutputStream().write(out.toByteArray());
            return receive(new DataInputStream(socket.getInputStream()));
        }
    }

    /** Adds a literal field with a new name, without Huffman coding (RFC 7541, 6.2.2). */
    private static void field(ByteArrayOutputStream header, String name, String value) {
        header.write(0);
        header.write(name.length());
        header.writeBytes(name.getBytes(ISO_8859_1));
        header.write(value.length());
        header.writeBytes(value.getBytes(ISO_8859_1));
    }

    private static void frame(
            ByteArrayOutputStream out, int type, int flags, int stream, byte[] payload) {
        out.write(payload.length >> 16);
        out.write(payload.length >> 8);
        out.write(payload.length);
        out.write(type);
        out.write(flags);
        out.writeBytes(new byte[] {0, 0, 0, (byte) stream});
        out.writeBytes(payload);
    }

    private static String receive(DataInputStream in) throws IOException {
        var text = new StringBuilder();
        while (true) {
            int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            var payload = new byte[length];
            in.readFully(payload);
            if (type == GO_AWAY) {
                throw new IOException("The server ended the connection: " + text);
            }
            if (stream == 1 && type == DATA) {
                text.append(new String(payload, ISO_8859_1));
            }
            if (stream == 1 && type <= HEADERS && (flags & END_STREAM) != 0) {
                return text.toString();
            }
        }
    }
}
