package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.SelectorBackend;
import io.epollecho.server.Setting;
import io.epollecho.server.TriggerMode;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;

/**
 * The properties {@code echo.server.*}. Their defaults and ranges are those of {@link Setting}.
 *
 * @param enabled Whether to run an echo server.
 * @param address Address to listen on. All addresses of the machine if not set.
 * @param port Port to listen on, 0 to 65535. 0 takes any free one.
 * @param backlog Length of the queue of connections that wait to be accepted. The kernel caps it at
 *     net.core.somaxconn.
 * @param listeners Further addresses and ports to listen on, by name. Those directly below
 *     echo.server are of the listener default.
 * @param selector Selector to run on.
 * @param triggerMode How the selector reports readiness. If not set, edge on the epoll selector and
 *     level on the JDK's, which has no other mode.
 * @param eventLoops Number of event loops, each with a selector and a thread of its own.
 * @param readBufferSize Size of each loop's read buffer, which is also the most that is kept for
 *     one slow peer.
 * @param readBudget How much one connection may echo before the others have their turn.
 * @param socket Options of the accepted sockets.
 * @param connections Limits on connections.
 * @param shutdown What happens at shutdown.
 */
@ConfigurationProperties(prefix = EchoServerProperties.PREFIX, ignoreUnknownFields = false)
public record EchoServerProperties(
        @DefaultValue(ENABLED_BY_DEFAULT) boolean enabled,
        @Nullable InetAddress address,
        @DefaultValue(Setting.Default.PORT) int port,
        @DefaultValue(Setting.Default.BACKLOG) int backlog,
        @DefaultValue Map<String, Listener> listeners,
        @DefaultValue(Setting.Default.SELECTOR) SelectorBackend.Choice selector,
        @Nullable TriggerMode triggerMode,
        @DefaultValue(Setting.Default.EVENT_LOOPS) int eventLoops,
        @DefaultValue(Setting.Default.READ_BUFFER_SIZE) DataSize readBufferSize,
        @DefaultValue(Setting.Default.READ_BUDGET) DataSize readBudget,
        @DefaultValue Socket socket,
        @DefaultValue Connections connections,
        @DefaultValue Shutdown shutdown) {

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
     */
    public record Listener(
            @Nullable InetAddress address,
            @DefaultValue(Setting.Default.PORT) int port,
            @DefaultValue(Setting.Default.BACKLOG) int backlog) {

        ListenerConfig toConfig() {
            return new ListenerConfig(address, port, backlog);
        }
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

    EchoServerConfig.Builder toConfig() {
        EchoServerConfig.Builder config = EchoServerConfig.builder();
        listeners.forEach((name, listener) -> config.listener(name, listener.toConfig()));
        return config.selector(SelectorBackend.choose(selector, triggerMode))
                .address(address)
                .port(port)
                .backlog(backlog)
                .eventLoops(eventLoops)
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
                .lingerTimeout(shutdown.lingerTimeout);
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
