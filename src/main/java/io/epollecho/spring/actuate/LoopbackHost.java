package io.epollecho.spring.actuate;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

import java.net.InetAddress;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The host that a request names. A browser sends the host name that a page was loaded from, and
 * anyone can make a name resolve to 127.0.0.1 (DNS rebinding). While the actuator listens on a
 * loopback address, a request for any other host therefore comes from a stranger's web page.
 */
public final class LoopbackHost {

    private static final Pattern AUTHORITY =
            Pattern.compile("(?<name>\\[[0-9A-Fa-f:.]+]|[^\\[\\]:]+)(:\\d*)?");

    private LoopbackHost() {}

    /**
     * Returns whether the server of the actuator listens on a loopback address.
     *
     * @param environment the environment of the application
     * @return false if it listens on all addresses or on one that others can reach
     */
    public static boolean isBound(Environment environment) {
        String property =
                ManagementPortType.get(environment) == ManagementPortType.SAME
                        ? "server.address"
                        : "management.server.address";
        return Binder.get(environment)
                .bind(property, InetAddress.class)
                .map(InetAddress::isLoopbackAddress)
                .orElse(false);
    }

    /**
     * Returns whether a request is for the loopback of this machine.
     *
     * @param authority the value of {@code Host}, or of {@code :authority} in HTTP/2; null if the
     *     request has neither, which no browser sends
     * @return true if it names the loopback or is null
     */
    public static boolean isNamed(@Nullable String authority) {
        if (authority == null) {
            return true;
        }
        Matcher matcher = AUTHORITY.matcher(authority);
        if (!matcher.matches()) {
            return false;
        }
        String name = matcher.group("name").toLowerCase(Locale.ROOT);
        if (name.endsWith(".")) { // a fully qualified name
            name = name.substring(0, name.length() - 1);
        }
        if (name.equals("localhost") || name.endsWith(".localhost")) { // RFC 6761, 6.3
            return true;
        }
        try {
            return InetAddress.ofLiteral(name).isLoopbackAddress();
        } catch (IllegalArgumentException e) {
            return false; // a host name, which may resolve to any address
        }
    }
}
