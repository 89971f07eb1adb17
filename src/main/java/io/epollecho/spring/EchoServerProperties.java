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
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import javax.net.ssl.SSLEngine;

/**
 * The properties {@code echo.server.*}. Their defaults and ranges are those of {@link Setting}.
 *
 * @param enabled Whether to run an echo server.
 * @param address Address to listen on. All addresses of the machine if not set.
 * @param port Port to listen on, 0 to 65535. 0 takes any free one.
 * @param backlog Length of the queue of connections that wait to be accepted. The kernel caps it at
 *     net.core.somaxconn.
 * @param proxyProtocol Header of the PROXY protocol, which a load balancer sends in front of each
 *     connection.
 * @param ssl TLS.
 * @param greeting What to send before the echo.
 * @param listeners Further addresses and ports to listen on, by name. Those directly below
 *     echo.server are of the listener default.
 * @param selector Selector to run on.
 * @param triggerMode How the selector reports readiness. If not set, edge on the epoll selector and
 *     level on the JDK's, which has no other mode.
 * @param eventLoops Number of event loops, each with a selector and a thread of its own.
 * @param workerThreads Number of threads that compute TLS handshakes.
 * @param busyPoll How long a loop polls for the next event before it sleeps, up to 10ms. Costs a
 *     processor meanwhile.
 * @param readBufferSize Size of each loop's read buffer, which is also the most that is kept for
 *     one slow peer.
 * @param readBudget How much one connection may echo before the others have their turn.
 * @param socket Options of the accepted sockets.
 * @param connections Limits on connections.
 * @param shutdown What happens at shutdown.
 * @param accessLog Whether to log each closed connection, to the logger echo.access.
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

    /** The prefix of all properties. */
    public static final String PREFIX = "echo.server";

    static final String ENABLED_BY_DEFAULT = "true";

    /**
     * A further address and port to listen on.
     *
     * @param address Address to listen on. All addresses of the machine if not set.
     * @param port Port to listen on, 0 to 65535. 0 takes any free one.
     * @param backlog Length of the queue of connections that wait to be accepted. The kernel caps
     *     it at net.core.somaxconn.
     * @param proxyProtocol Header of the PROXY protocol, which a load balancer sends in front of
     *     each connection.
     * @param ssl TLS.
     * @param greeting What to send before the echo.
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
     * The header of the PROXY protocol, version 1 or 2.
     *
     * @param mode Whether connections begin with a header. There is no detection, because it would
     *     let any peer send one.
     * @param trusted Addresses and CIDR ranges that may send a header. All peers if not set.
     * @param headerTimeout How long the header may take, from the accept.
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
     * TLS 1.2 and 1.3. Keys, certificates, protocols and cipher suites are those of an SSL bundle.
     *
     * @param bundle Name of the SSL bundle. No TLS if not set.
     * @param clientAuth Whether to ask clients for a certificate.
     * @param handshakeTimeout How long the handshake may take, from the accept.
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
                                clientAuth != ClientAuth.NONE),
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

    /** Makes the TLS engines of a bundle. */
    interface Engines {

        /** Stands for engines while only the properties are checked. */
        Engines UNUSED =
                (property, bundle, asksClients) ->
                        () -> {
                            throw new IllegalStateException("only checked");
                        };

        Supplier<SSLEngine> of(
                ConfigurationPropertyName property, String bundle, boolean asksClients);
    }

    /**
     * Options of the accepted sockets.
     *
     * @param receiveBuffer Size of the kernel's receive buffer (SO_RCVBUF). Tuned by the kernel if
     *     not set.
     * @param sendBuffer Size of the kernel's send buffer (SO_SNDBUF). Tuned by the kernel if not
     *     set.
     * @param noDelay Whether to send at once instead of waiting for more (TCP_NODELAY).
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
     * @param max Number of connections that may be open at once. Lowered, with a warning, to what
     *     the limit of open files allows.
     * @param maxPerAddress Number of connections that may be open at once from one address. 0 sets
     *     no limit.
     * @param ipv6PrefixLength Number of leading bits of an IPv6 address that count as one address.
     * @param maxPending How much may wait for slow peers, over all connections. A quarter of the
     *     maximum heap if not set.
     * @param idleTimeout How long a connection may be silent. 0 never closes an idle connection.
     * @param writeTimeout How long a peer may take nothing of what waits for it. 0 waits forever.
     */
    public record Connections(
            @DefaultValue(Setting.Default.MAX_CONNECTIONS) int max,
            @DefaultValue(Setting.Default.MAX_CONNECTIONS_PER_ADDRESS) int maxPerAddress,
            @DefaultValue(Setting.Default.IPV6_PREFIX_LENGTH) int ipv6PrefixLength,
            @Nullable DataSize maxPending,
            @DefaultValue(Setting.Default.IDLE_TIMEOUT) Duration idleTimeout,
            @DefaultValue(Setting.Default.WRITE_TIMEOUT) Duration writeTimeout) {}

    /**
     * What happens at shutdown.
     *
     * @param drainTimeout How long a drain may last. 0 cuts connections at once.
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

    /** Checked first, so that what the configuration counts in an int fits into one. */
    private static int bytes(Setting<Long> setting, DataSize size) {
        setting.check(size.toBytes());
        return (int) size.toBytes();
    }
}
