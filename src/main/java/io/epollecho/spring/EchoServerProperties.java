package io.epollecho.spring;

import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.InvalidSettingException;
import io.epollecho.server.Setting;
import io.epollecho.server.TriggerMode;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

import java.net.InetAddress;
import java.time.Duration;

/**
 * The properties {@code echo.server.*}. Their ranges are checked where the configuration is made of
 * them, see {@link Setting}.
 *
 * @param enabled Whether to run an echo server at all.
 * @param address Address to listen on. All addresses of the machine if not set.
 * @param port Port to listen on, 0 to 65535. 0 takes any free one.
 * @param backlog Length of the queue of connections that wait to be accepted. The kernel caps it at
 *     net.core.somaxconn.
 * @param selector Selector to run on.
 * @param triggerMode How the selector reports readiness. If not set, edge on the epoll selector and
 *     level on the JDK's, which knows no other.
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
        @DefaultValue("true") boolean enabled,
        @Nullable InetAddress address,
        @DefaultValue("" + EchoServerConfig.DEFAULT_PORT) int port,
        @DefaultValue("" + EchoServerConfig.DEFAULT_BACKLOG) int backlog,
        @DefaultValue("auto") SelectorType selector,
        @Nullable TriggerMode triggerMode,
        @DefaultValue("" + EchoServerConfig.DEFAULT_EVENT_LOOPS) int eventLoops,
        @DefaultValue(EchoServerConfig.DEFAULT_READ_BUFFER_KIB + "KB") DataSize readBufferSize,
        @DefaultValue(EchoServerConfig.DEFAULT_READ_BUDGET_KIB + "KB") DataSize readBudget,
        @DefaultValue Socket socket,
        @DefaultValue Connections connections,
        @DefaultValue Shutdown shutdown) {

    /** What all of them begin with. */
    public static final String PREFIX = "echo.server";

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
            @DefaultValue("" + EchoServerConfig.DEFAULT_NO_DELAY) boolean noDelay,
            @DefaultValue("" + EchoServerConfig.DEFAULT_KEEP_ALIVE) boolean keepAlive) {}

    /**
     * Limits on connections.
     *
     * @param max How many may be open at once. Lowered, with a warning, to what the limit of open
     *     files allows.
     * @param maxPerAddress How many may be open at once from one address. 0 sets no limit.
     * @param idleTimeout How long a connection may be silent. 0 never closes an idle connection.
     * @param writeTimeout How long a peer may take nothing of what waits for it. 0 waits for ever.
     */
    public record Connections(
            @DefaultValue("" + EchoServerConfig.DEFAULT_MAX_CONNECTIONS) int max,
            @DefaultValue("" + EchoServerConfig.DEFAULT_MAX_CONNECTIONS_PER_ADDRESS)
                    int maxPerAddress,
            @DefaultValue(EchoServerConfig.DEFAULT_IDLE_TIMEOUT_SECONDS + "s") Duration idleTimeout,
            @DefaultValue(EchoServerConfig.DEFAULT_WRITE_TIMEOUT_SECONDS + "s")
                    Duration writeTimeout) {}

    /**
     * What happens at shutdown.
     *
     * @param drainTimeout How long connections have to come to an end. Must leave
     *     spring.lifecycle.timeout-per-shutdown-phase two seconds.
     */
    public record Shutdown(
            @DefaultValue(EchoServerConfig.DEFAULT_DRAIN_TIMEOUT_SECONDS + "s")
                    Duration drainTimeout) {}

    EchoServerConfig.Builder toConfig() {
        return EchoServerConfig.builder()
                .transport(Transports.choose(selector, triggerMode))
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
                .idleTimeout(connections.idleTimeout)
                .writeTimeout(connections.writeTimeout)
                .drainTimeout(shutdown.drainTimeout);
    }

    private static @Nullable Integer bytesIfSet(Setting setting, @Nullable DataSize size) {
        return size == null ? null : bytes(setting, size);
    }

    /**
     * The configuration counts in ints, which hold all that it allows; what does not fit is out of
     * range anyway.
     */
    private static int bytes(Setting setting, DataSize size) {
        long bytes = size.toBytes();
        if (bytes != (int) bytes) {
            throw new InvalidSettingException(setting, size, "allowed is " + setting.allowed());
        }
        return (int) bytes;
    }
}
