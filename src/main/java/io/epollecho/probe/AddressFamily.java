package io.epollecho.probe;

import java.net.Inet4Address;
import java.net.InetAddress;

/** A family of Internet addresses. */
public enum AddressFamily {
    /** Version 4. */
    IPV4("IPv4"),

    /** Version 6. */
    IPV6("IPv6");

    private final String text;

    AddressFamily(String text) {
        this.text = text;
    }

    /** Returns the family of an address. */
    static AddressFamily of(InetAddress address) {
        return address instanceof Inet4Address ? IPV4 : IPV6;
    }

    /** Returns the display name of the family. */
    @Override
    public String toString() {
        return text;
    }
}
