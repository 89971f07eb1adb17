package io.epollecho.spring;

import io.epollecho.server.ClientAuth;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.Greeting;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.ProxyProtocolConfig;
import io.epollecho.server.ProxyProtocolMode;
import io.epollecho.server.SelectorBackend;
import io.epollecho.server.Setting;
import io.epollecho.server.TlsConfig;
import io.epollecho.server.TriggerMode;
import io.epollecho.stream.AddressRange;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.util.unit.DataSize;

import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

import javax.net.ssl.SSLEngine;

/**
 * The properties {@code echo.server.*}. Their defaults and ranges are those of {@link Setting}.
 *
 * @param enabled Whether to run an echo server.
 * @param address Address to listen on. If not set, the server listens on all addresses.
 * @param port Port to listen on, 0 to 65535. 0 selects any free port.
 * @param backlog Maximum number of connections waiting to be accepted. The kernel caps it at
 *     net.core.somaxconn.
 * @param proxyProtocol PROXY protocol header, which a load balancer sends at the beginning of each
 *     connection.
 * @param ssl TLS settings.
 * @param greeting Greeting to send before the echo.
 * @param listeners Additional listeners by name. The properties directly below echo.server
 *     configure the listener named default.
 * @param selector Selector to use.
 * @param triggerMode How the selector reports readiness. If not set, edge with the epoll selector
 *     and level with the JDK's, which has no other mode.
 * @param eventLoops Number of event loops, each with its own selector and thread.
 * @param workerThreads Number of threads that compute TLS handshakes.
 * @param busyPoll How long an event loop polls for the next event before it sleeps, up to 10ms.
 *     Polling occupies a processor.
 * @param readBufferSize Size of the read buffer of each event loop, which also limits the pending
 *     bytes of one connection.
 * @param readBudget Maximum amount of data that one connection echoes before other connections get
 *     their turn.
 * @param socket Options of accepted sockets.
 * @param connections Limits on connections.
 * @param shutdown Shutdown settings.
 * @param accessLog Whether to log each closed connection to the logger echo.access.
 */
@ConfigurationProperties(prefix = EchoServerProperties.PREFIX, ignoreUnknownFields = false)
public record EchoServerProperties(
        @DefaultValue(ENABLED_BY_DEFAULT) boolean enabled,
        @Nullable InetAddress address,
        @DefaultValue(Setting.Default.PORT) int port,
        @DefaultValue(Setting.Default.BACKLOG) int backlog,
        @DefaultValue ProxyProtocol proxyProtocol,
        @DefaultValue Ssl ssl,
        @DefaultValue(Setting.Default.GREETING) Greeting greeting,
        @DefaultValue Map<String, Listener> listeners,
        @DefaultValue(Setting.Default.SELECTOR) SelectorBackend.Choice selector,
        @Nullable TriggerMode triggerMode,
        @DefaultValue(Setting.Default.EVENT_LOOPS) int eventLoops,
        @DefaultValue(Setting.Default.WORKER_THREADS) int workerThreads,
        @DefaultValue(Setting.Default.BUSY_POLL) Duration busyPoll,
        @DefaultValue(Setting.Default.READ_BUFFER_SIZE) DataSize readBufferSize,
        @DefaultValue(Setting.Default.READ_BUDGET) DataSize readBudget,
        @DefaultValue Socket socket,
        @DefaultValue Connections connections,
        @DefaultValue Shutdown shutdown,
        @DefaultValue(Setting.Default.ACCESS_LOG) boolean accessLog) {

    /** The common prefix of all properties. */
    public static final String PREFIX = "echo.server";

    static final String ENABLED_BY_DEFAULT = "true";

    /**
     * Omits the second name of a listener. A variable has no dashes, so
     * ECHO_SERVER_LISTENERS_AB_PORT sets the port of the listener a-b, and Spring Boot also binds a
     * listener ab to the same values.
     */
    public EchoServerProperties {
        var names = Set.copyOf(listeners.keySet());
        var distinct = new LinkedHashMap<>(listeners);
        distinct.keySet()
                .removeIf(
                        name ->
                                !name.contains("-")
                                        && names.stream()
                                                .anyMatch(
                                                        other ->
                                                                other.contains("-")
                                                                        && other.replace("-", "")
                                                                                .equals(name)));
        listeners = distinct;
    }

    /**
     * An additional listener.
     *
     * @param address Address to listen on. If not set, the listener listens on all addresses.
     * @param port Port to listen on, 0 to 65535. 0 selects any free port.
     * @param backlog Maximum number of connections waiting to be accepted. The kernel caps it at
     *     net.core.somaxconn.
     * @param proxyProtocol PROXY protocol header, which a load balancer sends at the beginning of
     *     each connection.
     * @param ssl TLS settings.
     * @param greeting Greeting to send before the echo.
     */
    public record Listener(
            @Nullable InetAddress address,
            @DefaultValue(Setting.Default.PORT) int port,
            @DefaultValue(Setting.Default.BACKLOG) int backlog,
            @DefaultValue ProxyProtocol proxyProtocol,
            @DefaultValue Ssl ssl,
            @DefaultValue(Setting.Default.GREETING) Greeting greeting) {

        ListenerConfig toConfig(String name, Engines engines) {
            String group = "listeners." + name + ".";
            return new ListenerConfig(
                    address,
                    port,
                    backlog,
                    proxyProtocol.toConfig(group),
                    ssl.toConfig(group, engines),
                    greeting);
        }
    }

    /**
     * The PROXY protocol header, version 1 or 2.
     *
     * @param mode Whether connections begin with a header. Headers are not detected automatically,
     *     because that would allow any peer to send one.
     * @param trusted Addresses and CIDR ranges that may send a header. If not set, all peers may.
     * @param headerTimeout Maximum time for the header to arrive, from the accept.
     */
    public record ProxyProtocol(
            @DefaultValue(Setting.Default.PROXY_PROTOCOL_MODE) ProxyProtocolMode mode,
            @DefaultValue List<AddressRange> trusted,
            @DefaultValue(Setting.Default.HEADER_TIMEOUT) Duration headerTimeout) {

        @Nullable ProxyProtocolConfig toConfig(String group) {
            if (mode == ProxyProtocolMode.REQUIRED) {
                return new ProxyProtocolConfig(trusted, headerTimeout);
            }
            if (!trusted.isEmpty()) {
                throw Setting.PROXY_PROTOCOL_TRUSTED.invalid(
                        group,
                        trusted,
                        "it has no effect unless "
                                + Setting.PROXY_PROTOCOL_MODE.key()
                                + " is required");
            }
            return null;
        }
    }

    /**
     * TLS 1.2 and 1.3. Keys, certificates, protocols and cipher suites are defined by an SSL
     * bundle.
     *
     * @param bundle Name of the SSL bundle. If not set, TLS is disabled.
     * @param clientAuth Whether to ask clients for a certificate.
     * @param handshakeTimeout Maximum time for the TLS handshake, from the accept.
     */
    public record Ssl(
            @Nullable String bundle,
            @DefaultValue(Setting.Default.CLIENT_AUTH) ClientAuth clientAuth,
            @DefaultValue(Setting.Default.HANDSHAKE_TIMEOUT) Duration handshakeTimeout) {

        @Nullable TlsConfig toConfig(String group, Engines engines) {
            if (bundle != null) {
                return new TlsConfig(
                        engines.of(
                                EchoServerPropertyNames.PREFIX.append(
                                        group + EchoServerPropertyNames.SSL_BUNDLE.key()),
                                bundle,
                                clientAuth),
                        clientAuth,
                        handshakeTimeout);
            }
            if (clientAuth != ClientAuth.NONE) {
                throw Setting.CLIENT_AUTH.invalid(
                        group,
                        clientAuth,
                        "it has no effect unless "
                                + EchoServerPropertyNames.SSL_BUNDLE.key()
                                + " is set");
            }
            return null;
        }
    }

    /** A factory of the TLS engines of a bundle. */
    interface Engines {

        /** A placeholder used when the properties are only validated. */
        Engines UNUSED =
                (property, bundle, clientAuth) ->
                        () -> {
                            throw new IllegalStateException("for validation only");
                        };

        Supplier<SSLEngine> of(
                ConfigurationPropertyName property, String bundle, ClientAuth clientAuth);
    }

    /**
     * Options of accepted sockets.
     *
     * @param receiveBuffer Size of the kernel's receive buffer (SO_RCVBUF). If not set, the kernel
     *     tunes it.
     * @param sendBuffer Size of the kernel's send buffer (SO_SNDBUF). If not set, the kernel tunes
     *     it.
     * @param noDelay Whether to send data immediately instead of waiting for more (TCP_NODELAY).
     * @param keepAlive Whether to probe silent peers (SO_KEEPALIVE).
     */
    public record Socket(
            @Nullable DataSize receiveBuffer,
            @Nullable DataSize sendBuffer,
            @DefaultValue(Setting.Default.NO_DELAY) boolean noDelay,
            @DefaultValue(Setting.Default.KEEP_ALIVE) boolean keepAlive) {}

    /**
     * Limits on connections.
     *
     * @param max Maximum number of open connections. Lowered, with a warning, if the limit on open
     *     files does not allow as many.
     * @param maxPerAddress Maximum number of open connections from one address. 0 sets no limit.
     * @param ipv6PrefixLength Number of leading bits of an IPv6 address that identify one address
     *     for the limit.
     * @param maxPending Maximum number of bytes that peers make the server keep, over all
     *     connections: pending bytes, buffers of layers and unfinished TLS messages. If not set, a
     *     quarter of the maximum heap.
     * @param idleTimeout How long a connection may be idle before it is closed. 0 never closes an
     *     idle connection.
     * @param writeTimeout How long a peer may fail to accept pending bytes before its connection is
     *     closed. 0 waits forever.
     */
    public record Connections(
            @DefaultValue(Setting.Default.MAX_CONNECTIONS) int max,
            @DefaultValue(Setting.Default.MAX_CONNECTIONS_PER_ADDRESS) int maxPerAddress,
            @DefaultValue(Setting.Default.IPV6_PREFIX_LENGTH) int ipv6PrefixLength,
            @Nullable DataSize maxPending,
            @DefaultValue(Setting.Default.IDLE_TIMEOUT) Duration idleTimeout,
            @DefaultValue(Setting.Default.WRITE_TIMEOUT) Duration writeTimeout) {}

    /**
     * Shutdown settings.
     *
     * @param drainTimeout Maximum duration of a drain. 0 closes connections immediately.
     * @param lingerTimeout How long a drained connection waits for its peer to close. 0 does not
     *     wait.
     */
    public record Shutdown(
            @DefaultValue(Setting.Default.DRAIN_TIMEOUT) Duration drainTimeout,
            @DefaultValue(Setting.Default.LINGER_TIMEOUT) Duration lingerTimeout) {}

    EchoServerConfig.Builder toConfig(Engines engines) {
        EchoServerConfig.Builder config = EchoServerConfig.builder();
        listeners.forEach(
                (name, listener) -> config.listener(name, listener.toConfig(name, engines)));
        return config.selector(SelectorBackend.choose(selector, triggerMode))
                .address(address)
                .port(port)
                .backlog(backlog)
                .proxyProtocol(proxyProtocol.toConfig(""))
                .tls(ssl.toConfig("", engines))
                .greeting(greeting)
                .workerThreads(workerThreads)
                .eventLoops(eventLoops)
                .busyPoll(busyPoll)
                .readBufferSize(bytes(Setting.READ_BUFFER_SIZE, readBufferSize))
                .readBudget(bytes(Setting.READ_BUDGET, readBudget))
                .receiveBuffer(bytesIfSet(Setting.RECEIVE_BUFFER, socket.receiveBuffer))
                .sendBuffer(bytesIfSet(Setting.SEND_BUFFER, socket.sendBuffer))
                .noDelay(socket.noDelay)
                .keepAlive(socket.keepAlive)
                .maxConnections(connections.max)
                .maxConnectionsPerAddress(connections.maxPerAddress)
                .ipv6PrefixLength(connections.ipv6PrefixLength)
                .maxPending(
                        connections.maxPending == null ? null : connections.maxPending.toBytes())
                .idleTimeout(connections.idleTimeout)
                .writeTimeout(connections.writeTimeout)
                .drainTimeout(shutdown.drainTimeout)
                .lingerTimeout(shutdown.lingerTimeout)
                .accessLog(accessLog);
    }

    private static @Nullable Integer bytesIfSet(Setting<Long> setting, @Nullable DataSize size) {
        return size == null ? null : bytes(setting, size);
    }

    /** Returns the size after a range check, which ensures that it fits into an int. */
    private static int bytes(Setting<Long> setting, DataSize size) {
        setting.check(size.toBytes());
        return (int) size.toBytes();
    }
}
