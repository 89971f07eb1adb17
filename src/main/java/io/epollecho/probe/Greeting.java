package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Parser of the identity greeting of epoll-echo, which is one line of JSON. */
final class Greeting {

    private static final JsonMapper JSON = new JsonMapper();

    /** Longer than any greeting; limits memory if a server never sends a line feed. */
    private static final int LONGEST = 8 * 1024;

    private static final int EXCERPT = 60;

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    /**
     * Consumes the bytes that belong to the line; the bytes after it remain in the buffer.
     *
     * @return the name of the pod or, outside Kubernetes, of the host; null if the line is
     *     incomplete
     */
    @Nullable String take(ByteBuffer received) throws ConnectionFailedException {
        while (received.hasRemaining()) {
            byte next = received.get();
            if (next == '\n') {
                return server(line.toString(StandardCharsets.UTF_8));
            }
            line.write(next);
            if (line.size() > LONGEST) {
                throw invalid("a line of more than " + LONGEST + " bytes");
            }
        }
        return null;
    }

    boolean isBegun() {
        return line.size() > 0;
    }

    private static String server(String text) throws ConnectionFailedException {
        try {
            JsonNode json = JSON.readTree(text);
            if (json.isObject() && json.path("server").asString("").equals("epoll-echo")) {
                String host = json.path("host").asString("");
                String name = json.path("pod").asString(host);
                if (!name.isEmpty()) {
                    return printable(name);
                }
            }
        } catch (JacksonException e) {
            throw invalid("'" + printable(text) + "'");
        }
        throw invalid("'" + printable(text) + "'");
    }

    private static ConnectionFailedException invalid(String instead) {
        return new ConnectionFailedException(
                FailureKind.GREETING,
                "The server does not begin with the identity greeting but with " + instead);
    }

    /** Returns the text made safe, so that a server cannot forge or flood lines of the report. */
    private static String printable(String text) {
        String start = text.length() > EXCERPT ? text.substring(0, EXCERPT) + "..." : text;
        return start.replaceAll("[^ -~]", "?");
    }
}
