package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;

/**
 * The configuration of one listening socket and of the layers of its connections: first the PROXY
 * header, then TLS, then the greeting.
 *
 * @param address the address to listen on; null for all addresses of this machine
 * @param port the port to listen on; 0 for any free port
 * @param backlog the length of the queue of connections that wait to be accepted; the kernel caps
 *     it at {@code net.core.somaxconn} (listen(2))
 * @param proxyProtocol the PROXY protocol; null for connections without a PROXY header
 * @param tls TLS; null for unencrypted connections
 * @param greeting the text that is sent before the echo
 */
public record ListenerConfig(
        @Nullable InetAddress address,
        int port,
        int backlog,
        @Nullable ProxyProtocolConfig proxyProtocol,
        @Nullable TlsConfig tls,
        Greeting greeting) {

    /**
     * Checks the ranges.
     *
     * @throws InvalidSettingException for the first value outside its range
     */
    public ListenerConfig {
        Setting.PORT.require(port);
        Setting.BACKLOG.require(backlog);
        Objects.requireNonNull(greeting, "greeting");
    }

    /**
     * Creates the configuration of a plain listener.
     *
     * @param address the address to listen on; null for all addresses of this machine
     * @param port the port to listen on; 0 for any free port
     * @param backlog the length of the queue of connections that wait to be accepted
     * @throws InvalidSettingException for the first value outside its range
     */
    public ListenerConfig(@Nullable InetAddress address, int port, int backlog) {
        this(address, port, backlog, null, null, Setting.GREETING.defaultValue());
    }

    /**
     * Returns this configuration with a different PROXY protocol.
     *
     * @param proxyProtocol the PROXY protocol; null for connections without a PROXY header
     * @return a valid configuration
     */
    public ListenerConfig withProxyProtocol(@Nullable ProxyProtocolConfig proxyProtocol) {
        return new ListenerConfig(address, port, backlog, proxyProtocol, tls, greeting);
    }

    /**
     * Returns this configuration with a different TLS configuration.
     *
     * @param tls TLS; null for unencrypted connections
     * @return a valid configuration
     */
    public ListenerConfig withTls(@Nullable TlsConfig tls) {
        return new ListenerConfig(address, port, backlog, proxyProtocol, tls, greeting);
    }

    /**
     * Returns this configuration with a different greeting.
     *
     * @param greeting the text that is sent before the echo
     * @return a valid configuration
     */
    public ListenerConfig withGreeting(Greeting greeting) {
        return new ListenerConfig(address, port, backlog, proxyProtocol, tls, greeting);
    }

    /** Returns whether connections are echoed unchanged from the first byte. */
    boolean isPlain() {
        return proxyProtocol == null && tls == null && greeting == Greeting.NONE;
    }

    InetSocketAddress socketAddress() {
        return address == null ? new InetSocketAddress(port) : new InetSocketAddress(address, port);
    }

    /** Returns whether the two listeners cannot both be bound because their addresses overlap. */
    boolean collidesWith(ListenerConfig other) {
        return port == other.port
                && port != 0
                && (listensOnAll()
                        || other.listensOnAll()
                        || address == null
                        || address.equals(other.address));
    }

    private boolean listensOnAll() {
        return address == null || address.isAnyLocalAddress();
    }
}
