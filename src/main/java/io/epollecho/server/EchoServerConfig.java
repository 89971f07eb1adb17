package io.epollecho.server;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/**
 * The configuration of a server: complete, valid and immutable. {@link Setting} defines the
 * defaults and ranges. A value outside its range is rejected here with an {@link
 * InvalidSettingException}, before any socket is opened.
 *
 * @param selector the source of selectors and channels
 * @param listeners the listeners by name; the first is always {@value #DEFAULT_LISTENER}
 * @param eventLoops the number of event loops, each with its own selector and thread
 * @param workerThreads the number of threads that compute TLS handshakes; they are started only if
 *     a listener uses TLS
 * @param busyPoll the time that a loop polls for the next event before it sleeps; zero to sleep
 *     immediately
 * @param readBufferSize the size of each loop's read buffer in bytes, which also limits the bytes
 *     that a plain connection keeps for a slow peer
 * @param readBudget the number of bytes that one connection may echo before the loop serves its
 *     other connections
 * @param socket the options of each accepted socket
 * @param connections the limits on connections
 * @param maxPending the maximum number of bytes that peers make the server keep, over all
 *     connections: pending bytes, buffers of layers, and unfinished TLS messages; each loop gets an
 *     equal share, but at least what one connection may need
 * @param drainTimeout the maximum duration of a drain
 * @param lingerTimeout the time that a connection waits for its peer's FIN after sending its own
 * @param accessLog true to log each closed connection to the logger {@code echo.access}
 */
public record EchoServerConfig(
        SelectorBackend selector,
        SequencedMap<String, ListenerConfig> listeners,
        int eventLoops,
        int workerThreads,
        Duration busyPoll,
        int readBufferSize,
        int readBudget,
        SocketConfig socket,
        ConnectionLimits connections,
        long maxPending,
        Duration drainTimeout,
        Duration lingerTimeout,
        boolean accessLog) {

    /** The name of the listener that every server has. */
    public static final String DEFAULT_LISTENER = "default";

    /** The key that errors report for an invalid listener name. */
    public static final String LISTENER_NAME = "listeners.<name>";

    private static final Pattern LISTENER_NAMES = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    /**
     * Checks the ranges and that no two settings contradict each other.
     *
     * @throws InvalidSettingException for the first value that is not allowed
     * @throws IllegalArgumentException if the first listener is not {@value #DEFAULT_LISTENER}
     */
    public EchoServerConfig {
        Objects.requireNonNull(selector, "selector");
        Objects.requireNonNull(socket, "socket");
        Objects.requireNonNull(connections, "connections");
        listeners = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(listeners));
        checkListeners(listeners);
        Setting.EVENT_LOOPS.require(eventLoops);
        Setting.WORKER_THREADS.require(workerThreads);
        Setting.BUSY_POLL.require(busyPoll);
        Setting.READ_BUFFER_SIZE.require((long) readBufferSize);
        Setting.READ_BUDGET.require(
                (long) readBudget, Setting.READ_BUFFER_SIZE, (long) readBufferSize);
        Setting.MAX_PENDING.require(maxPending, Setting.READ_BUFFER_SIZE, (long) readBufferSize);
        Setting.DRAIN_TIMEOUT.require(drainTimeout);
        Setting.LINGER_TIMEOUT.require(lingerTimeout);
    }

    private static void checkListeners(SequencedMap<String, ListenerConfig> listeners) {
        if (listeners.isEmpty() || !listeners.firstEntry().getKey().equals(DEFAULT_LISTENER)) {
            throw new IllegalArgumentException(
                    "The first listener must be " + DEFAULT_LISTENER + ": " + listeners.keySet());
        }
        var checked = new LinkedHashMap<String, ListenerConfig>();
        listeners.forEach(
                (name, listener) -> {
                    if (!LISTENER_NAMES.matcher(name).matches()) {
                        throw new InvalidSettingException(
                                LISTENER_NAME,
                                name,
                                "it must consist of lower-case letters, digits and dashes, begin"
                                        + " with a letter and be at most 32 characters long");
                    }
                    requireHeaderBeforeHandshake(
                            name.equals(DEFAULT_LISTENER) ? "" : "listeners." + name + ".",
                            listener.proxyProtocol(),
                            listener.tls());
                    checked.forEach((other, before) -> requireApart(name, listener, other, before));
                    checked.put(name, listener);
                });
    }

    private static void requireHeaderBeforeHandshake(
            String group, @Nullable ProxyProtocolConfig header, @Nullable TlsConfig handshake) {
        if (header != null
                && handshake != null
                && header.headerTimeout().compareTo(handshake.handshakeTimeout()) >= 0) {
            throw Setting.HEADER_TIMEOUT.invalid(
                    group,
                    header.headerTimeout(),
                    String.format(
                            Locale.ROOT,
                            "it must be less than %s, which is %s, because both times start at the"
                                    + " accept",
                            Setting.HANDSHAKE_TIMEOUT.key(),
                            Setting.HANDSHAKE_TIMEOUT.format(handshake.handshakeTimeout())));
        }
    }

    private static void requireApart(
            String name, ListenerConfig listener, String other, ListenerConfig before) {
        if (listener.collidesWith(before)) {
            throw new InvalidSettingException(
                    "listeners." + name + "." + Setting.PORT.key(),
                    Integer.toString(listener.port()),
                    "it must differ from the port of the listener "
                            + other
                            + ", because the addresses of the two overlap");
        }
    }

    /**
     * Returns the configuration of one listener.
     *
     * @param name one of the names in {@link #listeners}
     * @return its configuration
     * @throws IllegalArgumentException if there is no listener with this name
     */
    public ListenerConfig listener(String name) {
        ListenerConfig listener = listeners.get(name);
        if (listener == null) {
            throw new IllegalArgumentException(
                    "There is no listener named "
                            + name
                            + "; the listeners are "
                            + listeners.keySet());
        }
        return listener;
    }

    /**
     * Returns the default configuration: port 7777 on all addresses, one event loop, and epoll
     * where it is available.
     *
     * @return a valid configuration
     */
    public static EchoServerConfig defaults() {
        return builder().build();
    }

    /**
     * Returns a builder that starts from the defaults.
     *
     * @return a builder, which is not thread-safe
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * A builder of configurations. Each method sets one setting, described at {@link
     * EchoServerConfig}, and returns this builder.
     */
    public static final class Builder {

        /**
         * By default, pending bytes are limited to this fraction of the heap, but at least to
         * {@link #LEAST_PENDING}.
         */
        private static final int PENDING_SHARE = 4;

        private static final long LEAST_PENDING = 1024 * 1024;

        private @Nullable SelectorBackend selector;
        private @Nullable InetAddress address;
        private int port = Setting.PORT.defaultValue();
        private int backlog = Setting.BACKLOG.defaultValue();
        private @Nullable ProxyProtocolConfig proxyProtocol;
        private @Nullable TlsConfig tls;
        private Greeting greeting = Setting.GREETING.defaultValue();
        private final Map<String, ListenerConfig> furtherListeners = new LinkedHashMap<>();
        private int eventLoops = Setting.EVENT_LOOPS.defaultValue();
        private int workerThreads = Setting.WORKER_THREADS.defaultValue();
        private int readBufferSize = Setting.READ_BUFFER_SIZE.defaultValue().intValue();
        private Duration busyPoll = Setting.BUSY_POLL.defaultValue();
        private int readBudget = Setting.READ_BUDGET.defaultValue().intValue();
        private @Nullable Integer receiveBuffer;
        private @Nullable Integer sendBuffer;
        private boolean noDelay = Setting.NO_DELAY.defaultValue();
        private boolean keepAlive = Setting.KEEP_ALIVE.defaultValue();
        private int maxConnections = Setting.MAX_CONNECTIONS.defaultValue();
        private int maxConnectionsPerAddress = Setting.MAX_CONNECTIONS_PER_ADDRESS.defaultValue();
        private int ipv6PrefixLength = Setting.IPV6_PREFIX_LENGTH.defaultValue();
        private @Nullable Long maxPending;
        private Duration idleTimeout = Setting.IDLE_TIMEOUT.defaultValue();
        private Duration writeTimeout = Setting.WRITE_TIMEOUT.defaultValue();
        private Duration drainTimeout = Setting.DRAIN_TIMEOUT.defaultValue();
        private Duration lingerTimeout = Setting.LINGER_TIMEOUT.defaultValue();
        private boolean accessLog = Setting.ACCESS_LOG.defaultValue();

        private Builder() {}

        /**
         * Sets the source of selectors and channels.
         *
         * @param selector the backend; by default, epoll where it is available
         * @return this builder
         */
        public Builder selector(SelectorBackend selector) {
            this.selector = Objects.requireNonNull(selector, "selector");
            return this;
        }

        /**
         * Sets the address of the listener {@value EchoServerConfig#DEFAULT_LISTENER}.
         *
         * @param address the address to listen on; null for all addresses of this machine
         * @return this builder
         */
        public Builder address(@Nullable InetAddress address) {
            this.address = address;
            return this;
        }

        /**
         * Sets the port of the listener {@value EchoServerConfig#DEFAULT_LISTENER}.
         *
         * @param port the port to listen on; 0 for any free port
         * @return this builder
         */
        public Builder port(int port) {
            this.port = port;
            return this;
        }

        /**
         * Sets the backlog of the listener {@value EchoServerConfig#DEFAULT_LISTENER}.
         *
         * @param backlog the length of the queue of connections that wait to be accepted
         * @return this builder
         */
        public Builder backlog(int backlog) {
            this.backlog = backlog;
            return this;
        }

        /**
         * Sets the PROXY protocol of the listener {@value EchoServerConfig#DEFAULT_LISTENER}.
         *
         * @param proxyProtocol the PROXY protocol; null for connections without a PROXY header
         * @return this builder
         */
        public Builder proxyProtocol(@Nullable ProxyProtocolConfig proxyProtocol) {
            this.proxyProtocol = proxyProtocol;
            return this;
        }

        /**
         * Sets TLS for the listener {@value EchoServerConfig#DEFAULT_LISTENER}.
         *
         * @param tls TLS; null for unencrypted connections
         * @return this builder
         */
        public Builder tls(@Nullable TlsConfig tls) {
            this.tls = tls;
            return this;
        }

        /**
         * Sets the greeting of the listener {@value EchoServerConfig#DEFAULT_LISTENER}.
         *
         * @param greeting the text that is sent before the echo
         * @return this builder
         */
        public Builder greeting(Greeting greeting) {
            this.greeting = greeting;
            return this;
        }

        /**
         * Adds a listener besides {@value EchoServerConfig#DEFAULT_LISTENER}, or replaces the
         * listener with this name.
         *
         * @param name lower-case letters, digits and dashes, beginning with a letter, at most 32
         *     characters; not {@value EchoServerConfig#DEFAULT_LISTENER}
         * @param listener its configuration
         * @return this builder
         * @throws InvalidSettingException if the name is {@value EchoServerConfig#DEFAULT_LISTENER}
         */
        public Builder listener(String name, ListenerConfig listener) {
            if (name.equals(DEFAULT_LISTENER)) {
                throw new InvalidSettingException(
                        LISTENER_NAME,
                        name,
                        "it must be another name, because address, port and backlog configure"
                                + " this listener");
            }
            furtherListeners.put(name, listener);
            return this;
        }

        /**
         * Sets the number of event loops.
         *
         * @param eventLoops the number, each with its own selector and thread
         * @return this builder
         */
        public Builder eventLoops(int eventLoops) {
            this.eventLoops = eventLoops;
            return this;
        }

        /**
         * Sets the number of threads that compute TLS handshakes.
         *
         * @param workerThreads the number of threads
         * @return this builder
         */
        public Builder workerThreads(int workerThreads) {
            this.workerThreads = workerThreads;
            return this;
        }

        /**
         * Sets the time that a loop polls for the next event before it sleeps.
         *
         * @param busyPoll the time; zero to sleep immediately
         * @return this builder
         */
        public Builder busyPoll(Duration busyPoll) {
            this.busyPoll = busyPoll;
            return this;
        }

        /**
         * Sets the size of each loop's read buffer.
         *
         * @param bytes the size, which also limits the bytes that a plain connection keeps for a
         *     slow peer
         * @return this builder
         */
        public Builder readBufferSize(int bytes) {
            this.readBufferSize = bytes;
            return this;
        }

        /**
         * Sets the number of bytes that one connection may echo before the loop serves the others.
         *
         * @param bytes the number, at least the size of the read buffer
         * @return this builder
         */
        public Builder readBudget(int bytes) {
            this.readBudget = bytes;
            return this;
        }

        /**
         * Sets SO_RCVBUF of each connection.
         *
         * @param bytes the size; null to let the kernel tune it
         * @return this builder
         */
        public Builder receiveBuffer(@Nullable Integer bytes) {
            this.receiveBuffer = bytes;
            return this;
        }

        /**
         * Sets SO_SNDBUF of each connection.
         *
         * @param bytes the size; null to let the kernel tune it
         * @return this builder
         */
        public Builder sendBuffer(@Nullable Integer bytes) {
            this.sendBuffer = bytes;
            return this;
        }

        /**
         * Sets TCP_NODELAY of each connection.
         *
         * @param noDelay true to send each echo without delay
         * @return this builder
         */
        public Builder noDelay(boolean noDelay) {
            this.noDelay = noDelay;
            return this;
        }

        /**
         * Sets SO_KEEPALIVE of each connection.
         *
         * @param keepAlive true to eventually detect a peer that has vanished
         * @return this builder
         */
        public Builder keepAlive(boolean keepAlive) {
            this.keepAlive = keepAlive;
            return this;
        }

        /**
         * Sets the maximum number of open connections.
         *
         * @param max the number
         * @return this builder
         */
        public Builder maxConnections(int max) {
            this.maxConnections = max;
            return this;
        }

        /**
         * Sets the maximum number of open connections from one address.
         *
         * @param max the number; 0 for no limit
         * @return this builder
         */
        public Builder maxConnectionsPerAddress(int max) {
            this.maxConnectionsPerAddress = max;
            return this;
        }

        /**
         * Sets the number of leading bits of an IPv6 address that count as one address.
         *
         * @param bits the number, 1 to 128
         * @return this builder
         */
        public Builder ipv6PrefixLength(int bits) {
            this.ipv6PrefixLength = bits;
            return this;
        }

        /**
         * Sets the limit of pending bytes, over all connections.
         *
         * @param bytes the limit; null for a quarter of the maximum heap, but at least 1 MiB and
         *     one read buffer
         * @return this builder
         */
        public Builder maxPending(@Nullable Long bytes) {
            this.maxPending = bytes;
            return this;
        }

        /**
         * Sets the time after which a silent connection is closed.
         *
         * @param idleTimeout the time; zero for no limit
         * @return this builder
         */
        public Builder idleTimeout(Duration idleTimeout) {
            this.idleTimeout = idleTimeout;
            return this;
        }

        /**
         * Sets the time after which a connection is closed if its peer accepts none of its pending
         * bytes.
         *
         * @param writeTimeout the time; zero for no limit
         * @return this builder
         */
        public Builder writeTimeout(Duration writeTimeout) {
            this.writeTimeout = writeTimeout;
            return this;
        }

        /**
         * Sets the maximum duration of a drain.
         *
         * @param drainTimeout the duration; zero to cut connections immediately
         * @return this builder
         */
        public Builder drainTimeout(Duration drainTimeout) {
            this.drainTimeout = drainTimeout;
            return this;
        }

        /**
         * Sets the time that a connection waits for its peer's FIN after sending its own.
         *
         * @param lingerTimeout the time; zero not to wait
         * @return this builder
         */
        public Builder lingerTimeout(Duration lingerTimeout) {
            this.lingerTimeout = lingerTimeout;
            return this;
        }

        /**
         * Sets whether closed connections are logged to the logger {@code echo.access}.
         *
         * @param accessLog true to log them
         * @return this builder
         */
        public Builder accessLog(boolean accessLog) {
            this.accessLog = accessLog;
            return this;
        }

        /**
         * Builds the configuration and checks it.
         *
         * @return the configuration
         * @throws InvalidSettingException for the first value that is not allowed
         */
        public EchoServerConfig build() {
            var listeners = new LinkedHashMap<String, ListenerConfig>();
            listeners.put(
                    DEFAULT_LISTENER,
                    new ListenerConfig(address, port, backlog, proxyProtocol, tls, greeting));
            listeners.putAll(furtherListeners);
            return new EchoServerConfig(
                    selector == null
                            ? SelectorBackend.choose(Setting.SELECTOR.defaultValue(), null)
                            : selector,
                    listeners,
                    eventLoops,
                    workerThreads,
                    busyPoll,
                    readBufferSize,
                    readBudget,
                    new SocketConfig(receiveBuffer, sendBuffer, noDelay, keepAlive),
                    new ConnectionLimits(
                            maxConnections,
                            maxConnectionsPerAddress,
                            ipv6PrefixLength,
                            idleTimeout,
                            writeTimeout),
                    maxPending == null ? defaultMaxPending() : maxPending,
                    drainTimeout,
                    lingerTimeout,
                    accessLog);
        }

        private long defaultMaxPending() {
            long share = Runtime.getRuntime().maxMemory() / PENDING_SHARE;
            return Math.max(readBufferSize, Math.max(LEAST_PENDING, share));
        }
    }
}
