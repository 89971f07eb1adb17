package io.epollecho.server;

import io.epollecho.stream.AddressFormat;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The text format of socket addresses: {@code 10.0.0.1:7777}, {@code [::1]:7777}. IPv6 addresses
 * are written as described in <a href="https://www.rfc-editor.org/rfc/rfc5952">RFC 5952</a>.
 */
public final class SocketAddresses {

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
        String text = AddressFormat.format(ip);
        return (ip instanceof Inet6Address ? "[" + text + "]" : text) + ":" + address.getPort();
    }
}
