package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;

/**
 * What a server is to be: complete, validated and immutable. Ranges are those of {@link Setting}; a
 * value outside its range is refused by an {@link InvalidSettingException} here, before any socket
 * exists.
 *
 * @param transport the selectors and channels to run on
 * @param address the address to listen on; none for all of this machine's
 * @param port the port to listen on; 0 for any free one
 * @param backlog the length of the queue of connections that wait to be accepted; the kernel caps
 *     it at {@code net.core.somaxconn} (listen(2))
 * @param eventLoops the number of event loops, each with a selector and a thread of its own
 * @param readBufferSize the size in bytes of each loop's read buffer, which is also the most that
 *     one connection keeps for a slow peer
 * @param readBudget the bytes that one connection may echo before the loop's other connections have
 *     their turn
 * @param socket the options of each accepted socket
 * @param connections the limits on connections
 * @param drainTimeout how long a drain lasts at most
 */
public record EchoServerConfig(
        Transport transport,
        @Nullable InetAddress address,
        int port,
        int backlog,
        int eventLoops,
        int readBufferSize,
        int readBudget,
        SocketOptions socket,
        ConnectionLimits connections,
        Duration drainTimeout) {

    /** Port 7777. */
    public static final int DEFAULT_PORT = 7777;

    /** A backlog of 4096. */
    public static final int DEFAULT_BACKLOG = 4096;

    /** One event loop. */
    public static final int DEFAULT_EVENT_LOOPS = 1;

    /** A read buffer of 64 KiB. */
    public static final int DEFAULT_READ_BUFFER_KIB = 64;

    /** A read budget of 1 MiB. */
    public static final int DEFAULT_READ_BUDGET_KIB = 1024;

    /** TCP_NODELAY on: an echo is sent at once. */
    public static final boolean DEFAULT_NO_DELAY = true;

    /** SO_KEEPALIVE on: a peer that vanished is noticed some day. */
    public static final boolean DEFAULT_KEEP_ALIVE = true;

    /** At most 10,000 connections. */
    public static final int DEFAULT_MAX_CONNECTIONS = 10_000;

    /** No limit per address. */
    public static final int DEFAULT_MAX_CONNECTIONS_PER_ADDRESS = 0;

    /** Idle connections stay. */
    public static final int DEFAULT_IDLE_TIMEOUT_SECONDS = 0;

    /** A peer that takes nothing for 30 seconds is given up. */
    public static final int DEFAULT_WRITE_TIMEOUT_SECONDS = 30;

    /** A drain of at most 20 seconds. */
    public static final int DEFAULT_DRAIN_TIMEOUT_SECONDS = 20;

    private static final int KIB = 1024;
    private static final int GIB = 1024 * 1024 * 1024;
    private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(10);
    private static final Duration LONGEST_TIMEOUT = Duration.ofDays(365);
    private static final Duration LONGEST_DRAIN = Duration.ofDays(1);

    /**
     * The options of each accepted socket, see socket(7) and tcp(7).
     *
     * @param receiveBuffer SO_RCVBUF in bytes; none to let the kernel tune it
     * @param sendBuffer SO_SNDBUF in bytes; none to let the kernel tune it
     * @param noDelay TCP_NODELAY
     * @param keepAlive SO_KEEPALIVE
     */
    public record SocketOptions(
            @Nullable Integer receiveBuffer,
            @Nullable Integer sendBuffer,
            boolean noDelay,
            boolean keepAlive) {

        /** Checks the ranges. */
        public SocketOptions {
            requireBufferSize(Setting.RECEIVE_BUFFER, receiveBuffer);
            requireBufferSize(Setting.SEND_BUFFER, sendBuffer);
        }

        private static void requireBufferSize(Setting setting, @Nullable Integer size) {
            if (size != null) {
                setting.require(size >= KIB && size <= GIB, size);
            }
        }
    }

    /**
     * The limits on connections.
     *
     * @param max how many may be open at once; lowered at start to what the descriptor limit allows
     * @param maxPerAddress how many may be open at once from one address; 0 for no limit
     * @param idleTimeout how long one may be silent; zero for ever
     * @param writeTimeout how long a peer may take nothing of what waits for it; zero for ever
     */
    public record ConnectionLimits(
            int max, int maxPerAddress, Duration idleTimeout, Duration writeTimeout) {

        /** Checks the ranges. */
        public ConnectionLimits {
            Setting.MAX_CONNECTIONS.require(max >= 1 && max <= 10_000_000, max);
            Setting.MAX_CONNECTIONS_PER_ADDRESS.require(
                    maxPerAddress >= 0 && maxPerAddress <= max, maxPerAddress);
            requireTimeout(Setting.IDLE_TIMEOUT, idleTimeout);
            requireTimeout(Setting.WRITE_TIMEOUT, writeTimeout);
        }

        private static void requireTimeout(Setting setting, Duration timeout) {
            boolean inRange =
                    timeout.compareTo(SHORTEST_TIMEOUT) >= 0
                            && timeout.compareTo(LONGEST_TIMEOUT) <= 0;
            setting.require(timeout.isZero() || inRange, timeout);
        }
    }

    /**
     * Checks the ranges.
     *
     * @throws InvalidSettingException for the first value outside its range
     */
    public EchoServerConfig {
        Objects.requireNonNull(transport, "transport");
        Objects.requireNonNull(socket, "socket");
        Objects.requireNonNull(connections, "connections");
        Setting.PORT.require(port >= 0 && port <= 65_535, port);
        Setting.BACKLOG.require(backlog >= 1 && backlog <= 1_048_576, backlog);
        Setting.EVENT_LOOPS.require(eventLoops >= 1 && eventLoops <= 256, eventLoops);
        Setting.READ_BUFFER_SIZE.require(
                readBufferSize >= KIB && readBufferSize <= 16 * KIB * KIB, readBufferSize);
        Setting.READ_BUDGET.require(readBudget >= readBufferSize && readBudget <= GIB, readBudget);
        Setting.DRAIN_TIMEOUT.require(
                !drainTimeout.isNegative() && drainTimeout.compareTo(LONGEST_DRAIN) <= 0,
                drainTimeout);
    }

    /**
     * The defaults: port 7777 on all addresses, one loop, on the JDK's selector.
     *
     * @return a valid configuration
     */
    public static EchoServerConfig defaults() {
        return builder().build();
    }

    /**
     * Begins a configuration from the defaults.
     *
     * @return a builder, for one thread
     */
    public static Builder builder() {
        return new Builder();
    }

    InetSocketAddress socketAddress() {
        return address == null ? new InetSocketAddress(port) : new InetSocketAddress(address, port);
    }

    /**
     * Collects a configuration. Each method sets one setting and returns this builder; see {@link
     * EchoServerConfig}.
     */
    public static final class Builder {

        private Transport transport = Transport.jdk();
        private @Nullable InetAddress address;
        private int port = DEFAULT_PORT;
        private int backlog = DEFAULT_BACKLOG;
        private int eventLoops = DEFAULT_EVENT_LOOPS;
        private int readBufferSize = DEFAULT_READ_BUFFER_KIB * KIB;
        private int readBudget = DEFAULT_READ_BUDGET_KIB * KIB;
        private @Nullable Integer receiveBuffer;
        private @Nullable Integer sendBuffer;
        private boolean noDelay = DEFAULT_NO_DELAY;
        private boolean keepAlive = DEFAULT_KEEP_ALIVE;
        private int maxConnections = DEFAULT_MAX_CONNECTIONS;
        private int maxConnectionsPerAddress = DEFAULT_MAX_CONNECTIONS_PER_ADDRESS;
        private Duration idleTimeout = Duration.ofSeconds(DEFAULT_IDLE_TIMEOUT_SECONDS);
        private Duration writeTimeout = Duration.ofSeconds(DEFAULT_WRITE_TIMEOUT_SECONDS);
        private Duration drainTimeout = Duration.ofSeconds(DEFAULT_DRAIN_TIMEOUT_SECONDS);

        private Builder() {}

        public Builder transport(Transport transport) {
            this.transport = transport;
            return this;
        }

        public Builder address(@Nullable InetAddress address) {
            this.address = address;
            return this;
        }

        public Builder port(int port) {
            this.port = port;
            return this;
        }

        public Builder backlog(int backlog) {
            this.backlog = backlog;
            return this;
        }

        public Builder eventLoops(int eventLoops) {
            this.eventLoops = eventLoops;
            return this;
        }

        public Builder readBufferSize(int bytes) {
            this.readBufferSize = bytes;
            return this;
        }

        public Builder readBudget(int bytes) {
            this.readBudget = bytes;
            return this;
        }

        public Builder receiveBuffer(@Nullable Integer bytes) {
            this.receiveBuffer = bytes;
            return this;
        }

        public Builder sendBuffer(@Nullable Integer bytes) {
            this.sendBuffer = bytes;
            return this;
        }

        public Builder noDelay(boolean noDelay) {
            this.noDelay = noDelay;
            return this;
        }

        public Builder keepAlive(boolean keepAlive) {
            this.keepAlive = keepAlive;
            return this;
        }

        public Builder maxConnections(int max) {
            this.maxConnections = max;
            return this;
        }

        public Builder maxConnectionsPerAddress(int max) {
            this.maxConnectionsPerAddress = max;
            return this;
        }

        public Builder idleTimeout(Duration idleTimeout) {
            this.idleTimeout = idleTimeout;
            return this;
        }

        public Builder writeTimeout(Duration writeTimeout) {
            this.writeTimeout = writeTimeout;
            return this;
        }

        public Builder drainTimeout(Duration drainTimeout) {
            this.drainTimeout = drainTimeout;
            return this;
        }

        /**
         * Validates what was collected.
         *
         * @return the configuration
         * @throws InvalidSettingException for the first value outside its range
         */
        public EchoServerConfig build() {
            return new EchoServerConfig(
                    transport,
                    address,
                    port,
                    backlog,
                    eventLoops,
                    readBufferSize,
                    readBudget,
                    new SocketOptions(receiveBuffer, sendBuffer, noDelay, keepAlive),
                    new ConnectionLimits(
                            maxConnections, maxConnectionsPerAddress, idleTimeout, writeTimeout),
                    drainTimeout);
        }
    }
}
