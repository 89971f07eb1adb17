package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;

/**
 * The configuration of one listening socket and of what stands between its connections and the
 * echo: first the PROXY protocol's header, then TLS, then the greeting.
 *
 * @param address the address to listen on; null for all addresses of this machine
 * @param port the port to listen on; 0 for any free one
 * @param backlog the length of the queue of connections that wait to be accepted; the kernel caps
 *     it at {@code net.core.somaxconn} (listen(2))
 * @param proxyProtocol the PROXY protocol; null for connections without its header
 * @param tls TLS; null for connections in the clear
 * @param greeting what is sent before the echo
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
     * Configures a plain listener.
     *
     * @param address the address to listen on; null for all addresses of this machine
     * @param port the port to listen on; 0 for any free one
     * @param backlog the length of the queue of connections that wait to be accepted
     * @throws InvalidSettingException for the first value outside its range
     */
    public ListenerConfig(@Nullable InetAddress address, int port, int backlog) {
        this(address, port, backlog, null, null, Setting.GREETING.defaultValue());
    }

    /**
     * Returns this configuration with another setting of the PROXY protocol.
     *
     * @param proxyProtocol the PROXY protocol; null for connections without its header
     * @return a valid configuration
     */
    public ListenerConfig withProxyProtocol(@Nullable ProxyProtocolConfig proxyProtocol) {
        return new ListenerConfig(address, port, backlog, proxyProtocol, tls, greeting);
    }

    /**
     * Returns this configuration with another setting of TLS.
     *
     * @param tls TLS; null for connections in the clear
     * @return a valid configuration
     */
    public ListenerConfig withTls(@Nullable TlsConfig tls) {
        return new ListenerConfig(address, port, backlog, proxyProtocol, tls, greeting);
    }

    /**
     * Returns this configuration with another greeting.
     *
     * @param greeting what is sent before the echo
     * @return a valid configuration
     */
    public ListenerConfig withGreeting(Greeting greeting) {
        return new ListenerConfig(address, port, backlog, proxyProtocol, tls, greeting);
    }

    /** Returns whether connections are echoed as they are, from the first byte. */
    boolean isPlain() {
        return proxyProtocol == null && tls == null && greeting == Greeting.NONE;
    }

    InetSocketAddress socketAddress() {
        return address == null ? new InetSocketAddress(port) : new InetSocketAddress(address, port);
    }

    /** Returns whether both cannot be bound at once, as they ask for the same address and port. */
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
