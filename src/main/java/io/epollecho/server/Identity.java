package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;

/** The greeting that identifies the server: one line of JSON. Absent values are omitted. */
final class Identity {

    /** The maximum length of a greeting in bytes. Most have a few hundred. */
    static final int LONGEST = 16 * 1024;

    private static final String PRODUCT = "epoll-echo";

    /** The maximum length of a value in characters, each of which takes up to six bytes. */
    private static final int LONGEST_VALUE = 255;

    /** The name of this machine, which unlike a look-up needs no address and does not block. */
    private static final Path KERNEL_HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private final SequencedMap<String, String> server = new LinkedHashMap<>();

    /**
     * Collects the values that are the same for all connections.
     *
     * @param environment returns the value of an environment variable, or null if it is not set
     */
    Identity(UnaryOperator<@Nullable String> environment) {
        server.put("server", PRODUCT);
        putIfPresent(server, "version", Identity.class.getPackage().getImplementationVersion());
        putIfPresent(server, "host", hostName(environment));
        putIfPresent(server, "pod", environment.apply("POD_NAME"));
        putIfPresent(server, "namespace", environment.apply("POD_NAMESPACE"));
        putIfPresent(server, "node", environment.apply("NODE_NAME"));
    }

    /** Returns the name of this machine. A greeting without it would not identify the server. */
    private static String hostName(UnaryOperator<@Nullable String> environment) {
        String name = kernelHostName();
        if (name.isEmpty()) {
            name = localHostName();
        }
        if (name.isEmpty()) {
            name = Objects.requireNonNullElse(environment.apply("HOSTNAME"), "");
        }
        return name.isEmpty() ? "localhost" : name;
    }

    private static String kernelHostName() {
        try {
            return Files.readString(KERNEL_HOST_NAME).strip();
        } catch (IOException e) {
            return ""; // not Linux
        }
    }

    private static String localHostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return ""; // the host name has no address
        }
    }

    /**
     * Returns the greeting of a connection.
     *
     * @param connection an open connection
     * @param local the local address of the connection
     * @return one line in UTF-8, including the newline
     */
    byte[] greeting(ConnectionInfo connection, InetSocketAddress local) throws IOException {
        var text = new StringBuilder("{");
        write(text, server);
        SequencedMap<String, String> fields = new LinkedHashMap<>();
        fields.put("listener", connection.listener());
        fields.put("local", SocketAddresses.format(local));
        fields.put("peer", SocketAddresses.format(connection.peer()));
        Optional.ofNullable(connection.proxy())
                .ifPresent(proxy -> fields.put("proxy", SocketAddresses.format(proxy)));
        write(text.append(','), fields);
        TlsInfo tls = connection.tls();
        if (tls != null) {
            write(text.append(",\"tls\":{"), fields(tls));
            text.append('}');
        }
        return text.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static SequencedMap<String, String> fields(TlsInfo tls) {
        SequencedMap<String, String> fields = new LinkedHashMap<>();
        fields.put("protocol", tls.protocol());
        fields.put("cipher", tls.cipherSuite());
        putIfPresent(fields, "serverName", tls.serverName());
        putIfPresent(fields, "clientSubject", tls.clientSubject());
        return fields;
    }

    private static void putIfPresent(
            Map<String, String> fields, String name, @Nullable String value) {
        if (value != null && !value.isEmpty()) {
            fields.put(name, value.substring(0, Math.min(value.length(), LONGEST_VALUE)));
        }
    }

    private static void write(StringBuilder text, SequencedMap<String, String> fields) {
        String separator = "";
        for (Map.Entry<String, String> field : fields.entrySet()) {
            text.append(separator).append('"').append(field.getKey()).append("\":");
            quote(text, field.getValue());
            separator = ",";
        }
    }

    /** Appends a JSON string (RFC 8259, section 7). */
    private static void quote(StringBuilder text, String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
