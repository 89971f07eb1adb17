package io.epollecho;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Locale;

/**
 * An HTTP client that writes requests as plain text, so that tests can set headers that client
 * libraries reserve and browsers send.
 *
 * @param port the port of a server on this machine
 */
public record PlainHttp(int port) {

    /** A response, with its head in lower case. */
    public record Answer(int status, String head, String body) {}

    /**
     * Sends a request and closes the connection after the response.
     *
     * @param line the request line, without the version
     * @param headers lines such as {@code Host: localhost}
     */
    public Answer send(String line, String... headers) throws IOException {
        return send(line + " HTTP/1.1", List.of(headers));
    }

    /** Sends a request whose line ends with the version. */
    public Answer send(String line, List<String> headers) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) EchoPeer.PATIENCE.toMillis());
            var request = new StringBuilder(line).append("\r\n");
            headers.forEach(header -> request.append(header).append("\r\n"));
            request.append("Connection: close\r\nContent-Length: 0\r\n\r\n");
            socket.getOutputStream().write(request.toString().getBytes(UTF_8));
            return parse(new String(socket.getInputStream().readAllBytes(), UTF_8));
        }
    }

    private static Answer parse(String text) {
        int end = text.indexOf("\r\n\r\n");
        int status = Integer.parseInt(text.substring(9, 12));
        return new Answer(
                status, text.substring(0, end).toLowerCase(Locale.ROOT), text.substring(end + 4));
    }
}
