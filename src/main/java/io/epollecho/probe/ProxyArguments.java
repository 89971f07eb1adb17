package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** The command-line options for the PROXY protocol. */
final class ProxyArguments {

    @Option(
            names = "--proxy-protocol",
            paramLabel = "v1|v2",
            description = "Begin each connection with a PROXY protocol header.")
    private @Nullable String version;

    @Option(
            names = "--proxy-source",
            paramLabel = "ADDR:PORT",
            description = "Client address in the header (default: the socket's own).")
    private @Nullable String source;

    /** Returns the header to send, or null for none. */
    @Nullable ClientProxyHeader resolve() {
        if (version == null) {
            if (source != null) {
                throw new InvalidOptionException(
                        "proxy-source", source, "requires --proxy-protocol");
            }
            return null;
        }
        int number =
                switch (version) {
                    case "v1" -> 1;
                    case "v2" -> 2;
                    default ->
                            throw new InvalidOptionException(
                                    "proxy-protocol", version, "must be v1 or v2");
                };
        return new ClientProxyHeader(number, source == null ? null : address(source));
    }

    private static InetSocketAddress address(String text) {
        try {
            HostAndPort address = HostAndPort.of(text);
            return new InetSocketAddress(InetAddress.ofLiteral(address.host()), address.port());
        } catch (IllegalArgumentException e) {
            throw new InvalidOptionException(
                    "proxy-source",
                    text,
                    "must be an address and a port, such as 192.0.2.1:4711 or [2001:db8::1]:4711");
        }
    }
}
