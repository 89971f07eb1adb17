package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The command-line options for the addresses of both sides. */
final class AddressArguments {

    private static final Pattern SOURCE =
            Pattern.compile(
                    "(?:\\[([^\\]]+)\\]|([^:\\[\\]]+))(?::(\\d{1,5}))?|([^\\[\\]]*:[^\\[\\]]*:.*)");

    @Option(
            names = {"-4", "--ipv4"},
            description = "Use only IPv4 addresses of the host.")
    private boolean ipv4;

    @Option(
            names = {"-6", "--ipv6"},
            description = "Use only IPv6 addresses of the host.")
    private boolean ipv6;

    @Option(
            names = {"--source", "--bind"},
            paramLabel = "ADDR[:PORT]",
            description = "Local address to connect from (default: the system's choice).")
    private @Nullable String source;

    /** Returns the local address to connect from, with port 0 if none is given; or null. */
    @Nullable InetSocketAddress source() {
        if (source == null) {
            return null;
        }
        InetSocketAddress address = parse(source);
        try (SocketChannel channel = SocketChannel.open()) {
            channel.bind(new InetSocketAddress(address.getAddress(), 0));
        } catch (IOException | RuntimeException e) {
            throw new InvalidOptionException(
                    "source", source, "must be an address of this host: " + e.getMessage());
        }
        return address;
    }

    private static InetSocketAddress parse(String text) {
        Matcher matcher = SOURCE.matcher(text);
        if (matcher.matches()) {
            String host =
                    matcher.group(1) != null
                            ? matcher.group(1)
                            : matcher.group(2) != null ? matcher.group(2) : matcher.group(4);
            int port = matcher.group(3) == null ? 0 : Integer.parseInt(matcher.group(3));
            try {
                if (port <= 65_535 && !(matcher.group(3) != null && port == 0)) {
                    return new InetSocketAddress(InetAddress.ofLiteral(host), port);
                }
            } catch (IllegalArgumentException e) {
                // The text is no address.
            }
        }
        throw new InvalidOptionException(
                "source",
                text,
                "must be an IP address, optionally with a port, such as 192.0.2.1,"
                        + " 192.0.2.1:4711 or [2001:db8::1]:4711");
    }

    /**
     * Returns the only family of addresses to use, or null for both.
     *
     * @param host the host of the target
     * @param from the local address
     */
    @Nullable AddressFamily family(String host, @Nullable InetSocketAddress from) {
        if (ipv4 && ipv6) {
            throw new InvalidOptionException("ipv6", "", "cannot be combined with --ipv4");
        }
        AddressFamily chosen = ipv4 ? AddressFamily.IPV4 : ipv6 ? AddressFamily.IPV6 : null;
        AddressFamily ofSource = from == null ? null : AddressFamily.of(from.getAddress());
        if (chosen != null && ofSource != null && chosen != ofSource) {
            throw new InvalidOptionException(
                    "source", text(from), "cannot be combined with " + option(chosen));
        }
        AddressFamily family = chosen == null ? ofSource : chosen;
        AddressFamily ofTarget = familyOfLiteral(host);
        if (family != null && ofTarget != null && family != ofTarget) {
            throw chosen == null
                    ? new InvalidOptionException(
                            "source",
                            text(from),
                            String.format(
                                    Locale.ROOT,
                                    "must be an %s address like the target %s",
                                    ofTarget,
                                    host))
                    : new InvalidOptionException(
                            option(chosen).substring(2),
                            "",
                            String.format(
                                    Locale.ROOT, "the target %s is an %s address", host, ofTarget));
        }
        return family;
    }

    private static @Nullable AddressFamily familyOfLiteral(String host) {
        try {
            return AddressFamily.of(InetAddress.ofLiteral(host));
        } catch (IllegalArgumentException e) {
            return null; // a name
        }
    }

    private static String option(AddressFamily family) {
        return family == AddressFamily.IPV4 ? "--ipv4" : "--ipv6";
    }

    private String text(@Nullable InetSocketAddress from) {
        return source == null ? String.valueOf(from) : source;
    }
}
