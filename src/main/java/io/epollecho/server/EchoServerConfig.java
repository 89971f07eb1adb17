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

        public Builder selector(SelectorBackend selector) {
            this.selector = Objects.requireNonNull(selector, "selector");
            return this;
        }

        /** Sets the address of the listener {@value EchoServerConfig#DEFAULT_LISTENER}. */
        public Builder address(@Nullable InetAddress address) {
            this.address = address;
            return this;
        }

        /** Sets the port of the listener {@value EchoServerConfig#DEFAULT_LISTENER}. */
        public Builder port(int port) {
            this.port = port;
            return this;
        }

        /** Sets the backlog of the listener {@value EchoServerConfig#DEFAULT_LISTENER}. */
        public Builder backlog(int backlog) {
            this.backlog = backlog;
            return this;
        }

        /**
         * Sets the PROXY protocol of the listener {@value EchoServerConfig#DEFAULT_LISTENER}; null
         * for connections without a PROXY header.
         */
        public Builder proxyProtocol(@Nullable ProxyProtocolConfig proxyProtocol) {
            this.proxyProtocol = proxyProtocol;
            return this;
        }

        /**
         * Sets TLS for the listener {@value EchoServerConfig#DEFAULT_LISTENER}; null for
         * unencrypted connections.
         */
        public Builder tls(@Nullable TlsConfig tls) {
            this.tls = tls;
            return this;
        }

        /** Sets the greeting of the listener {@value EchoServerConfig#DEFAULT_LISTENER}. */
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

        public Builder eventLoops(int eventLoops) {
            this.eventLoops = eventLoops;
            return this;
        }

        public Builder workerThreads(int workerThreads) {
            this.workerThreads = workerThreads;
            return this;
        }

        public Builder busyPoll(Duration busyPoll) {
            this.busyPoll = busyPoll;
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

        public Builder ipv6PrefixLength(int bits) {
            this.ipv6PrefixLength = bits;
            return this;
        }

        /**
         * Sets the limit of pending bytes; null for a quarter of the maximum heap, but at least 1
         * MiB and one read buffer.
         */
        public Builder maxPending(@Nullable Long bytes) {
            this.maxPending = bytes;
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

        public Builder lingerTimeout(Duration lingerTimeout) {
            this.lingerTimeout = lingerTimeout;
            return this;
        }

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
