package io.epollecho.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Writes socket addresses as people do: {@code 10.0.0.1:7777}, {@code [::1]:7777}. */
final class Addresses {

    private Addresses() {}

    static String format(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        if (ip == null) {
            return address.getHostString() + ":" + address.getPort();
        }
        String text = ip.getHostAddress();
        return (text.indexOf(':') >= 0 ? "[" + text + "]" : text) + ":" + address.getPort();
    }
}
