package io.epollecho.stream;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The text format of IP addresses. Those of IPv6 are written as described in <a
 * href="https://www.rfc-editor.org/rfc/rfc5952">RFC 5952</a>.
 */
public final class AddressFormat {

    /** Runs of zeros in an IPv6 address, from the longest to the shortest that is left out. */
    private static final List<Pattern> ZEROS =
            IntStream.iterate(7, others -> others > 0, others -> others - 1)
                    .mapToObj(others -> Pattern.compile("(^|:)0(:0){" + others + "}(:|$)"))
                    .toList();

    private AddressFormat() {}

    /**
     * Formats an address without a name lookup.
     *
     * @param address the address to format
     * @return the text of the address, such as {@code 192.0.2.1} or {@code 2001:db8::1}
     */
    public static String format(InetAddress address) {
        String text = address.getHostAddress();
        if (address instanceof Inet6Address) {
            for (Pattern zeros : ZEROS) {
                Matcher run = zeros.matcher(text);
                if (run.find()) {
                    return run.replaceFirst("::");
                }
            }
        }
        return text;
    }
}
