package io.epollecho.server;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The text format of socket addresses: {@code 10.0.0.1:7777}, {@code [::1]:7777}. IPv6 addresses
 * are written as described in <a href="https://www.rfc-editor.org/rfc/rfc5952">RFC 5952</a>.
 */
public final class SocketAddresses {

    /** Runs of zeros in an IPv6 address, from the longest to the shortest that is left out. */
    private static final List<Pattern> ZEROS =
            IntStream.iterate(7, others -> others > 0, others -> others - 1)
                    .mapToObj(others -> Pattern.compile("(^|:)0(:0){" + others + "}(:|$)"))
                    .toList();

    private SocketAddresses() {}

    /**
     * Formats an address without a name lookup.
     *
     * @param address the address to format
     * @return the text of the address
     */
    public static String format(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        if (ip == null) {
            return address.getHostString() + ":" + address.getPort();
        }
        String text = ip.getHostAddress();
        if (ip instanceof Inet6Address) {
            text = "[" + withoutZeros(text) + "]";
        }
        return text + ":" + address.getPort();
    }

    private static String withoutZeros(String text) {
        for (Pattern zeros : ZEROS) {
            Matcher run = zeros.matcher(text);
            if (run.find()) {
                return run.replaceFirst("::");
            }
        }
        return text;
    }
}
