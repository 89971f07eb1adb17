package io.epollecho.probe;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A host and a port.
 *
 * @param host a name or an address, without brackets
 * @param port 1 to 65535
 */
record HostAndPort(String host, int port) {

    private static final Pattern FORM =
            Pattern.compile("(?:\\[([0-9a-fA-F:.]+(?:%[^\\]]+)?)\\]|([^:\\[\\]\\s]+)):(\\d{1,5})");

    /**
     * Parses text such as echo.example:7, 192.0.2.1:7 or [2001:db8::1]:7.
     *
     * @throws IllegalArgumentException if the text is not a host and a port
     */
    static HostAndPort of(String text) {
        Matcher matcher = FORM.matcher(text);
        if (matcher.matches()) {
            String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
            int port = Integer.parseInt(matcher.group(3));
            if (port >= 1 && port <= 65_535) {
                return new HostAndPort(host, port);
            }
        }
        throw new IllegalArgumentException(
                String.format(Locale.ROOT, "\"%s\" is not a host and a port", text));
    }
}
