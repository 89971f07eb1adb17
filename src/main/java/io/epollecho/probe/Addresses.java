package io.epollecho.probe;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Formats addresses; those of IPv6 as described in RFC 5952. */
final class Addresses {

    /** Runs of zeros in an IPv6 address, from the longest to the shortest that is left out. */
    private static final List<Pattern> ZEROS =
            IntStream.iterate(7, others -> others > 0, others -> others - 1)
                    .mapToObj(others -> Pattern.compile("(^|:)0(:0){" + others + "}(:|$)"))
                    .toList();

    private Addresses() {}

    /** Returns an address, such as 192.0.2.1 or 2001:db8::1. */
    static String text(InetAddress address) {
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

    /** Returns address and port, such as 192.0.2.1:7 or [2001:db8::1]:7. */
    static String withPort(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        return withPort(ip == null ? address.getHostString() : text(ip), address);
    }

    /** Returns name and port as given, without a lookup. */
    static String withName(InetSocketAddress address) {
        return withPort(address.getHostString(), address);
    }

    private static String withPort(String host, InetSocketAddress address) {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }
}
