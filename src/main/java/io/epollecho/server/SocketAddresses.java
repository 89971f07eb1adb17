package io.epollecho.server;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Pattern;

/** The text format of socket addresses: {@code 10.0.0.1:7777}, {@code [::1]:7777}. */
public final class SocketAddresses {

    private static final Pattern ZEROS = Pattern.compile("(^|:)0(:0)+(:|$)");

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
            text = "[" + ZEROS.matcher(text).replaceFirst("::") + "]";
        }
        return text + ":" + address.getPort();
    }
}
