package io.epollecho.probe;

import io.epollecho.stream.AddressFormat;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Formats addresses with their ports. */
final class Addresses {

    private Addresses() {}

    /** Returns address and port, such as 192.0.2.1:7 or [2001:db8::1]:7. */
    static String withPort(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        return withPort(ip == null ? address.getHostString() : AddressFormat.format(ip), address);
    }

    /** Returns name and port as given, without a lookup. */
    static String withName(InetSocketAddress address) {
        return withPort(address.getHostString(), address);
    }

    private static String withPort(String host, InetSocketAddress address) {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }
}
