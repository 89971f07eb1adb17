package io.epollecho.server;

import io.epollecho.stream.AddressRange;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * A setting of a server: its key in configuration files, its default and its allowed values. This
 * class is the only place that defines them. Error messages describe the allowed values with a text
 * that is derived from the checked range.
 *
 * @param <T> the type of its values; sizes are numbers of bytes
 */
public final class Setting<T> {

    /** The listen address of a listener. */
    public static final Setting<InetAddress> ADDRESS =
            new Setting<>(
                            "address",
                            Format.ADDRESS,
                            null,
                            new Allowed.Any<InetAddress>("an IP address of this machine"))
                    .orUnset("to listen on all of them");

    /** The port of a listener. */
    public static final Setting<Integer> PORT =
            range("port", Format.COUNT, Default.PORT, "0", "65535")
                    .noting(", where 0 takes any free port");

    /** The maximum length of the queue of connections that wait to be accepted. */
    public static final Setting<Integer> BACKLOG =
            range("backlog", Format.COUNT, Default.BACKLOG, "1", "1048576");

    /** The use of the PROXY protocol. */
    public static final Setting<ProxyProtocolMode> PROXY_PROTOCOL_MODE =
            choice(
                    "proxy-protocol.mode",
                    Format.of(ProxyProtocolMode.class),
                    Default.PROXY_PROTOCOL_MODE,
                    ProxyProtocolMode.values());

    /** The addresses that may send a PROXY header. */
    public static final Setting<List<AddressRange>> PROXY_PROTOCOL_TRUSTED =
            new Setting<>(
                            "proxy-protocol.trusted",
                            Format.ADDRESS_RANGES,
                            null,
                            new Allowed.Elements<AddressRange>(
                                    "IP addresses and CIDR ranges, such as 10.0.0.0/8"))
                    .orUnset("to trust all peers");

    /** The time within which the PROXY header must be complete. */
    public static final Setting<Duration> HEADER_TIMEOUT =
            range(
                    "proxy-protocol.header-timeout",
                    Format.TIME,
                    Default.HEADER_TIMEOUT,
                    "10ms",
                    "1h");

    /** The client authentication mode of TLS. */
    public static final Setting<ClientAuth> CLIENT_AUTH =
            choice(
                    "ssl.client-auth",
                    Format.of(ClientAuth.class),
                    Default.CLIENT_AUTH,
                    ClientAuth.values());

    /** The time within which the TLS handshake must be complete. */
    public static final Setting<Duration> HANDSHAKE_TIMEOUT =
            range("ssl.handshake-timeout", Format.TIME, Default.HANDSHAKE_TIMEOUT, "10ms", "1h");

    /** The greeting that is sent before the echo. */
    public static final Setting<Greeting> GREETING =
            choice("greeting", Format.of(Greeting.class), Default.GREETING, Greeting.values());

    /** The selector backend. */
    public static final Setting<SelectorBackend.Choice> SELECTOR =
            choice(
                    "selector",
                    Format.of(SelectorBackend.Choice.class),
                    Default.SELECTOR,
                    SelectorBackend.Choice.values());

    /** The trigger mode of the selector. */
    public static final Setting<TriggerMode> TRIGGER_MODE =
            choice("trigger-mode", Format.of(TriggerMode.class), null, TriggerMode.values())
                    .noting(", where edge needs the epoll selector");

    /** The number of event loops. */
    public static final Setting<Integer> EVENT_LOOPS =
            range("event-loops", Format.COUNT, Default.EVENT_LOOPS, "1", "256");

    /** The number of threads that compute TLS handshakes. */
    public static final Setting<Integer> WORKER_THREADS =
            range("worker-threads", Format.COUNT, Default.WORKER_THREADS, "1", "256");

    /** The time that a loop polls for the next event before it sleeps. */
    public static final Setting<Duration> BUSY_POLL =
            range("busy-poll", Format.TIME, Default.BUSY_POLL, "0", "10ms")
                    .noting(", where 0 sleeps at once");

    /** The size of each loop's read buffer. */
    public static final Setting<Long> READ_BUFFER_SIZE =
            range("read-buffer-size", Format.SIZE, Default.READ_BUFFER_SIZE, "1KB", "16MB");

    /** The number of bytes that one connection may echo before the loop serves the others. */
    public static final Setting<Long> READ_BUDGET =
            range("read-budget", Format.SIZE, Default.READ_BUDGET, READ_BUFFER_SIZE, "1GB");

    /** SO_RCVBUF of each connection. */
    public static final Setting<Long> RECEIVE_BUFFER =
            range("socket.receive-buffer", Format.SIZE, null, "1KB", "1GB")
                    .orUnset("to let the kernel tune it");

    /** SO_SNDBUF of each connection. */
    public static final Setting<Long> SEND_BUFFER =
            range("socket.send-buffer", Format.SIZE, null, "1KB", "1GB")
                    .orUnset("to let the kernel tune it");

    /** TCP_NODELAY of each connection. */
    public static final Setting<Boolean> NO_DELAY = flag("socket.no-delay", Default.NO_DELAY);

    /** SO_KEEPALIVE of each connection. */
    public static final Setting<Boolean> KEEP_ALIVE = flag("socket.keep-alive", Default.KEEP_ALIVE);

    /** The maximum number of open connections. */
    public static final Setting<Integer> MAX_CONNECTIONS =
            range("connections.max", Format.COUNT, Default.MAX_CONNECTIONS, "1", "10000000");

    /** The maximum number of open connections from one address. */
    public static final Setting<Integer> MAX_CONNECTIONS_PER_ADDRESS =
            range(
                            "connections.max-per-address",
                            Format.COUNT,
                            Default.MAX_CONNECTIONS_PER_ADDRESS,
                            "0",
                            MAX_CONNECTIONS)
                    .noting(", where 0 sets no limit");

    /** The number of leading bits of an IPv6 address that count as one address. */
    public static final Setting<Integer> IPV6_PREFIX_LENGTH =
            range(
                    "connections.ipv6-prefix-length",
                    Format.COUNT,
                    Default.IPV6_PREFIX_LENGTH,
                    "1",
                    "128");

    /** The maximum number of pending bytes over all connections. */
    public static final Setting<Long> MAX_PENDING =
            range("connections.max-pending", Format.SIZE, null, READ_BUFFER_SIZE, "100TB")
                    .orUnset("to use up to a quarter of the maximum heap");

    /** The time after which a silent connection is closed. */
    public static final Setting<Duration> IDLE_TIMEOUT =
            range("connections.idle-timeout", Format.TIME, Default.IDLE_TIMEOUT, "10ms", "365d")
                    .orZero(Duration.ZERO, "to never close an idle connection");

    /**
     * The time after which a connection is closed if its peer accepts none of its pending bytes.
     */
    public static final Setting<Duration> WRITE_TIMEOUT =
            range("connections.write-timeout", Format.TIME, Default.WRITE_TIMEOUT, "10ms", "365d")
                    .orZero(Duration.ZERO, "to wait for a stalled peer forever");

    /** The maximum duration of a drain. */
    public static final Setting<Duration> DRAIN_TIMEOUT =
            range("shutdown.drain-timeout", Format.TIME, Default.DRAIN_TIMEOUT, "0", "1d")
                    .noting(", where 0 cuts connections at once");

    /** The time that a connection waits for its peer's FIN after sending its own. */
    public static final Setting<Duration> LINGER_TIMEOUT =
            range("shutdown.linger-timeout", Format.TIME, Default.LINGER_TIMEOUT, "0", "1d")
                    .noting(", where 0 does not wait for the peer's FIN");

    /** Whether closed connections are logged. */
    public static final Setting<Boolean> ACCESS_LOG = flag("access-log", Default.ACCESS_LOG);

    private static final List<Setting<?>> ALL =
            List.of(
                    ADDRESS,
                    PORT,
                    BACKLOG,
                    PROXY_PROTOCOL_MODE,
                    PROXY_PROTOCOL_TRUSTED,
                    HEADER_TIMEOUT,
                    CLIENT_AUTH,
                    HANDSHAKE_TIMEOUT,
                    GREETING,
                    SELECTOR,
                    TRIGGER_MODE,
                    EVENT_LOOPS,
                    WORKER_THREADS,
                    BUSY_POLL,
                    READ_BUFFER_SIZE,
                    READ_BUDGET,
                    RECEIVE_BUFFER,
                    SEND_BUFFER,
                    NO_DELAY,
                    KEEP_ALIVE,
                    MAX_CONNECTIONS,
                    MAX_CONNECTIONS_PER_ADDRESS,
                    IPV6_PREFIX_LENGTH,
                    MAX_PENDING,
                    IDLE_TIMEOUT,
                    WRITE_TIMEOUT,
                    DRAIN_TIMEOUT,
                    LINGER_TIMEOUT,
                    ACCESS_LOG);

    /** The settings that each listener has separately. */
    private static final List<Setting<?>> OF_LISTENERS =
            List.of(
                    ADDRESS,
                    PORT,
                    BACKLOG,
                    PROXY_PROTOCOL_MODE,
                    PROXY_PROTOCOL_TRUSTED,
                    HEADER_TIMEOUT,
                    CLIENT_AUTH,
                    HANDSHAKE_TIMEOUT,
                    GREETING);

    /**
     * The defaults as text, for use in annotations, which allow only constants. {@link
     * Setting#defaultValue()} returns them as values.
     */
    public static final class Default {

        /** The default of {@link Setting#PORT}. */
        public static final String PORT = "7777";

        /** The default of {@link Setting#BACKLOG}. */
        public static final String BACKLOG = "4096";

        /** The default of {@link Setting#PROXY_PROTOCOL_MODE}. */
        public static final String PROXY_PROTOCOL_MODE = "off";

        /** The default of {@link Setting#HEADER_TIMEOUT}. */
        public static final String HEADER_TIMEOUT = "3s";

        /** The default of {@link Setting#CLIENT_AUTH}. */
        public static final String CLIENT_AUTH = "none";

        /** The default of {@link Setting#HANDSHAKE_TIMEOUT}. */
        public static final String HANDSHAKE_TIMEOUT = "10s";

        /** The default of {@link Setting#GREETING}. */
        public static final String GREETING = "none";

        /** The default of {@link Setting#SELECTOR}. */
        public static final String SELECTOR = "auto";

        /** The default of {@link Setting#EVENT_LOOPS}. */
        public static final String EVENT_LOOPS = "1";

        /** The default of {@link Setting#WORKER_THREADS}. */
        public static final String WORKER_THREADS = "1";

        /** The default of {@link Setting#BUSY_POLL}. */
        public static final String BUSY_POLL = "0s";

        /** The default of {@link Setting#READ_BUFFER_SIZE}. */
        public static final String READ_BUFFER_SIZE = "64KB";

        /** The default of {@link Setting#READ_BUDGET}. */
        public static final String READ_BUDGET = "1MB";

        /** The default of {@link Setting#NO_DELAY}. */
        public static final String NO_DELAY = "true";

        /** The default of {@link Setting#KEEP_ALIVE}. */
        public static final String KEEP_ALIVE = "true";

        /** The default of {@link Setting#MAX_CONNECTIONS}. */
        public static final String MAX_CONNECTIONS = "10000";

        /** The default of {@link Setting#MAX_CONNECTIONS_PER_ADDRESS}. */
        public static final String MAX_CONNECTIONS_PER_ADDRESS = "0";

        /** The default of {@link Setting#IPV6_PREFIX_LENGTH}. */
        public static final String IPV6_PREFIX_LENGTH = "64";

        /** The default of {@link Setting#IDLE_TIMEOUT}. */
        public static final String IDLE_TIMEOUT = "0s";

        /** The default of {@link Setting#WRITE_TIMEOUT}. */
        public static final String WRITE_TIMEOUT = "30s";

        /** The default of {@link Setting#DRAIN_TIMEOUT}. */
        public static final String DRAIN_TIMEOUT = "20s";

        /** The default of {@link Setting#LINGER_TIMEOUT}. */
        public static final String LINGER_TIMEOUT = "5s";

        /** The default of {@link Setting#ACCESS_LOG}. */
        public static final String ACCESS_LOG = "false";

        private Default() {}
    }

    private final String key;
    private final Format<T> format;
    private final @Nullable String defaultText;
    private final Allowed<T> allowed;

    private Setting(
            String key, Format<T> format, @Nullable String defaultText, Allowed<T> allowed) {
        this.key = key;
        this.format = format;
        this.defaultText = defaultText;
        this.allowed = allowed;
    }

    /**
     * Returns a boolean setting that a host defines in addition to the server's settings.
     *
     * @param key its key
     * @param defaultText {@code true} or {@code false}
     * @return the setting, which is not in {@link #all()}
     */
    public static Setting<Boolean> flag(String key, String defaultText) {
        return choice(key, Format.SWITCH, defaultText, true, false);
    }

    /**
     * Returns a text setting without a default that a host defines in addition to the server's
     * settings.
     *
     * @param key its key
     * @param allowed describes the allowed values, for error messages
     * @return the setting, which is not in {@link #all()}
     */
    public static Setting<String> text(String key, String allowed) {
        return new Setting<>(key, Format.TEXT, null, new Allowed.Any<>(allowed));
    }

    private static <T extends Comparable<? super T>> Setting<T> range(
            String key,
            Format<T> format,
            @Nullable String defaultText,
            String lowest,
            String highest) {
        T from = format.parse().apply(lowest);
        T to = format.parse().apply(highest);
        String text = lowest + " to " + highest;
        return new Setting<>(
                key, format, defaultText, new Allowed.Range<>(from, to, null, null, text));
    }

    /** Returns a range that begins at the value of another setting. */
    private static <T extends Comparable<? super T>> Setting<T> range(
            String key,
            Format<T> format,
            @Nullable String defaultText,
            Setting<T> from,
            String highest) {
        T lowest = ((Allowed.Range<T>) from.allowed).lowest();
        T to = format.parse().apply(highest);
        String text = from.key + " to " + highest;
        return new Setting<>(
                key, format, defaultText, new Allowed.Range<>(lowest, to, from, null, text));
    }

    /** Returns a range that ends at the value of another setting. */
    private static <T extends Comparable<? super T>> Setting<T> range(
            String key,
            Format<T> format,
            @Nullable String defaultText,
            String lowest,
            Setting<T> to) {
        T from = format.parse().apply(lowest);
        T highest = ((Allowed.Range<T>) to.allowed).highest();
        String text = lowest + " to " + to.key;
        return new Setting<>(
                key, format, defaultText, new Allowed.Range<>(from, highest, null, to, text));
    }

    @SafeVarargs
    @SuppressWarnings("varargs")
    private static <T> Setting<T> choice(
            String key, Format<T> format, @Nullable String defaultText, T... values) {
        return new Setting<>(
                key, format, defaultText, new Allowed.Choice<>(format, List.of(values)));
    }

    private Setting<T> orZero(T zero, String purpose) {
        return new Setting<>(
                key, format, defaultText, new Allowed.OrZero<>(allowed, zero, purpose));
    }

    private Setting<T> orUnset(String purpose) {
        return noting(", or unset " + purpose);
    }

    private Setting<T> noting(String note) {
        return new Setting<>(key, format, defaultText, new Allowed.Noted<>(allowed, note));
    }

    /**
     * Returns all settings in the order in which they are documented.
     *
     * @return an unmodifiable list
     */
    public static List<Setting<?>> all() {
        return ALL;
    }

    /**
     * Returns the settings that each listener has separately. Their keys also apply below {@code
     * listeners.<name>}.
     *
     * @return an unmodifiable list, a subset of {@link #all()}
     */
    public static List<Setting<?>> ofListeners() {
        return OF_LISTENERS;
    }

    /**
     * Returns the key in configuration files, without the prefix that the host uses.
     *
     * @return the key, such as {@code connections.max}
     */
    public String key() {
        return key;
    }

    /**
     * Returns a description of the allowed values.
     *
     * @return a phrase for an error message, such as {@code 1 to 256}
     */
    public String allowed() {
        return allowed.text();
    }

    /**
     * Returns the default as written in configuration files.
     *
     * @return the default, such as {@code 64KB}; null if it depends on the system
     */
    public @Nullable String defaultText() {
        return defaultText;
    }

    /**
     * Returns the default value.
     *
     * @return the default
     * @throws IllegalStateException if the default depends on the system
     */
    public T defaultValue() {
        if (defaultText == null) {
            throw new IllegalStateException(key + " has no fixed default");
        }
        return format.parse().apply(defaultText);
    }

    /**
     * Checks a value whose type the caller does not know.
     *
     * @param value a value of this setting's type
     * @throws InvalidSettingException if it is not allowed
     */
    public void check(Object value) {
        require(format.type().cast(value));
    }

    /**
     * Returns whether this setting is a duration.
     *
     * @return true if its values are of the type {@link Duration}
     */
    public boolean isDuration() {
        return format.type() == Duration.class;
    }

    /**
     * Returns a value as written in configuration files.
     *
     * @param value a value, which need not be allowed
     * @return such as {@code 64KB}
     */
    public String format(T value) {
        return format.text().apply(value);
    }

    void require(T value) {
        if (!allowed.contains(value)) {
            throw invalid(value, "it must be " + allowed());
        }
    }

    /** Also checks that the value agrees with that of the setting at which its range ends. */
    void require(T value, Setting<T> bound, T boundValue) {
        require(value);
        if (!allowed.agrees(value, bound, boundValue)) {
            throw invalid(
                    value,
                    String.format(
                            Locale.ROOT,
                            "it must be %s, and %s is %s",
                            allowed(),
                            bound.key,
                            bound.format(boundValue)));
        }
    }

    InvalidSettingException invalid(T value, String requirement) {
        return invalid("", value, requirement);
    }

    /**
     * Returns an exception for a value that the host rejects.
     *
     * @param group the prefix of the key for a listener, such as {@code listeners.second.}, or ""
     * @param value the refused value
     * @param requirement what it must be, as a clause
     * @return the exception, not thrown
     */
    public InvalidSettingException invalid(String group, T value, String requirement) {
        return new InvalidSettingException(group + key, format(value), requirement);
    }

    @Override
    public String toString() {
        return key;
    }
}
