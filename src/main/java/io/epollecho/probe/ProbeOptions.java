package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/**
 * The options of a probe; validated and immutable.
 *
 * @param address the address of the echo server. The name of an unresolved one is looked up when
 *     the run begins, and all its addresses are tried.
 * @param family the only family of addresses to use, or null for both
 * @param source the local address to connect from, with a port for a single connection or 0; or
 *     null for the system's choice
 * @param connections the number of connections to open, 1 to 1,000,000
 * @param size the number of bytes in a message, 1 to 64 MiB
 * @param pipeline the maximum number of unanswered messages per connection, 1 to 65,536
 * @param rate the messages per second over all connections, from 0.000001 to 10,000,000, where
 *     latency is measured from the time each message was due; 0 for a closed loop, in which each
 *     answer triggers the next message
 * @param warmup the time to apply load before measuring begins; bytes are verified during this time
 *     as well
 * @param duration the time to send messages, from 1 ms to 365 days, or 0 to send until stopped;
 *     null if {@code count} is set
 * @param count the number of messages to send over all connections, 1 or more, which excludes a
 *     warm-up; 0 if {@code duration} is set
 * @param timeout the longest time to wait for a connection to open or for an answer, 1 ms to 1 hour
 * @param tls the client's TLS settings, or null for plain TCP
 * @param proxyHeader the PROXY protocol header sent first on each connection, or null for none
 * @param greetingExpected true if the server begins with its identity greeting, a line that is not
 *     part of the echo
 * @param reconnect true to reopen lost connections and to report outages
 * @param interval the interval at which the listener is notified of progress, 10 ms to 1 day
 */
public record ProbeOptions(
        InetSocketAddress address,
        @Nullable AddressFamily family,
        @Nullable InetSocketAddress source,
        int connections,
        int size,
        int pipeline,
        double rate,
        Duration warmup,
        @Nullable Duration duration,
        long count,
        Duration timeout,
        @Nullable ClientTls tls,
        @Nullable ClientProxyHeader proxyHeader,
        boolean greetingExpected,
        boolean reconnect,
        Duration interval) {

    static final int DEFAULT_CONNECTIONS = 1;
    static final int DEFAULT_SIZE = 64;
    static final int DEFAULT_PIPELINE = 1;
    static final Duration DEFAULT_DURATION = Duration.ofSeconds(10);
    static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
    static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(1);

    static final int MAX_CONNECTIONS = 1_000_000;
    static final int MAX_SIZE = 64 * 1024 * 1024;
    static final int MAX_PIPELINE = 65_536;
    static final BigDecimal MIN_RATE = new BigDecimal("0.000001");
    static final BigDecimal MAX_RATE = new BigDecimal("10000000");
    static final String RATE_RANGE =
            "must be between 0.000001 and 10000000 messages per second, or omitted";

    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);
    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(10);
    private static final Duration LONGEST_INTERVAL = Duration.ofDays(1);
    private static final Duration LONGEST = Duration.ofDays(365);

    /**
     * Validates the options.
     *
     * @throws InvalidOptionException for the first value outside its range
     */
    public ProbeOptions {
        Objects.requireNonNull(address, "address");
        require(address.getPort() > 0, "port", address.getPort(), "must be between 1 and 65535");
        require(
                source == null || !source.isUnresolved(),
                "source",
                source == null ? "" : source,
                "must be an IP address");
        require(
                source == null || source.getPort() == 0 || connections == 1,
                "source",
                source == null ? "" : Addresses.withPort(source),
                "a port permits a single connection; omit it, or set --connections 1");
        requireUpTo(MAX_CONNECTIONS, "connections", connections);
        requireUpTo(MAX_SIZE, "size", size);
        requireUpTo(MAX_PIPELINE, "pipeline", pipeline);
        long perMessage = Long.BYTES;
        require(
                perMessage * pipeline * connections <= Runtime.getRuntime().maxMemory() / 2,
                "pipeline",
                pipeline,
                String.format(
                        Locale.ROOT,
                        "too many messages for the heap with --connections %d; lower one of them,"
                                + " or raise -Xmx",
                        connections));
        require(
                rate == 0 || (rate >= MIN_RATE.doubleValue() && rate <= MAX_RATE.doubleValue()),
                "rate",
                rate,
                RATE_RANGE);
        require(
                !warmup.isNegative() && warmup.compareTo(LONGEST) <= 0,
                "warmup",
                warmup,
                "must be between 0s and 365d");
        require(count >= 0, "count", count, "must be at least 1");
        require(
                (duration == null) != (count == 0),
                "count",
                count,
                "exactly one of count and duration must be set");
        require(
                duration == null || duration.isZero() || isBetween(SHORTEST, duration, LONGEST),
                "duration",
                Objects.requireNonNullElse(duration, Duration.ZERO),
                "must be between 1ms and 365d, or 0 for no limit");
        require(count == 0 || warmup.isZero(), "warmup", warmup, "cannot be combined with --count");
        require(
                isBetween(SHORTEST, timeout, LONGEST_TIMEOUT),
                "timeout",
                timeout,
                "must be between 1ms and 1h");
        require(
                isBetween(SHORTEST_INTERVAL, interval, LONGEST_INTERVAL),
                "interval",
                interval,
                "must be between 10ms and 1d");
    }

    private static void requireUpTo(int max, String option, int value) {
        require(value >= 1 && value <= max, option, value, "must be between 1 and " + max);
    }

    private static boolean isBetween(Duration min, Duration value, Duration max) {
        return value.compareTo(min) >= 0 && value.compareTo(max) <= 0;
    }

    private static void require(boolean holds, String option, Object value, String remedy) {
        if (!holds) {
            Object shown = value instanceof Duration duration ? Durations.format(duration) : value;
            throw new InvalidOptionException(option, shown, remedy);
        }
    }

    /**
     * Returns a builder with the default values: one connection, messages of 64 bytes, one message
     * at a time, as fast as possible, for 10 seconds, with a timeout of 5 seconds.
     *
     * @param address the address of the echo server
     * @return a builder, which is not thread-safe
     */
    public static Builder builder(InetSocketAddress address) {
        return new Builder(address);
    }

    /**
     * A builder of options. Each method sets one option and returns this builder; see {@link
     * ProbeOptions} for their meaning.
     */
    public static final class Builder {

        private final InetSocketAddress address;
        private @Nullable AddressFamily family;
        private @Nullable InetSocketAddress source;
        private int connections = DEFAULT_CONNECTIONS;
        private int size = DEFAULT_SIZE;
        private int pipeline = DEFAULT_PIPELINE;
        private double rate;
        private Duration warmup = Duration.ZERO;
        private @Nullable Duration duration = DEFAULT_DURATION;
        private long count;
        private Duration timeout = DEFAULT_TIMEOUT;
        private @Nullable ClientTls tls;
        private @Nullable ClientProxyHeader proxyHeader;
        private boolean greetingExpected;
        private boolean reconnect;
        private Duration interval = DEFAULT_INTERVAL;

        private Builder(InetSocketAddress address) {
            this.address = address;
        }

        /**
         * Sets the only family of addresses to use.
         *
         * @param family the family; null for both
         * @return this builder
         */
        public Builder family(@Nullable AddressFamily family) {
            this.family = family;
            return this;
        }

        /**
         * Sets the local address to connect from.
         *
         * @param source the address, with a port for a single connection or 0; null for the
         *     system's choice
         * @return this builder
         */
        public Builder source(@Nullable InetSocketAddress source) {
            this.source = source;
            return this;
        }

        /**
         * Sets the number of connections to open.
         *
         * @param connections the number, 1 to 1,000,000
         * @return this builder
         */
        public Builder connections(int connections) {
            this.connections = connections;
            return this;
        }

        /**
         * Sets the number of bytes in a message.
         *
         * @param bytes the number, 1 to 64 MiB
         * @return this builder
         */
        public Builder size(int bytes) {
            this.size = bytes;
            return this;
        }

        /**
         * Sets the maximum number of unanswered messages per connection.
         *
         * @param messages the number, 1 to 65,536
         * @return this builder
         */
        public Builder pipeline(int messages) {
            this.pipeline = messages;
            return this;
        }

        /**
         * Sets the rate over all connections.
         *
         * @param messagesPerSecond the rate, from 0.000001 to 10,000,000; 0 for a closed loop
         * @return this builder
         */
        public Builder rate(double messagesPerSecond) {
            this.rate = messagesPerSecond;
            return this;
        }

        /**
         * Sets the time to apply load before measuring begins.
         *
         * @param warmup the time, up to 365 days
         * @return this builder
         */
        public Builder warmup(Duration warmup) {
            this.warmup = warmup;
            return this;
        }

        /**
         * Sets the time to send messages, and clears the count.
         *
         * @param duration the time, from 1 ms to 365 days; zero to send until stopped
         * @return this builder
         */
        public Builder duration(Duration duration) {
            this.duration = duration;
            this.count = 0;
            return this;
        }

        /**
         * Sets the number of messages to send, and clears the duration.
         *
         * @param messages the number, 1 or more
         * @return this builder
         */
        public Builder count(long messages) {
            this.count = messages;
            this.duration = null;
            return this;
        }

        /**
         * Sets the longest time to wait for a connection to open or for an answer.
         *
         * @param timeout the time, 1 ms to 1 hour
         * @return this builder
         */
        public Builder timeout(Duration timeout) {
            this.timeout = timeout;
            return this;
        }

        /**
         * Sets the client's TLS settings.
         *
         * @param tls the settings; null for plain TCP
         * @return this builder
         */
        public Builder tls(@Nullable ClientTls tls) {
            this.tls = tls;
            return this;
        }

        /**
         * Sets the PROXY protocol header that is sent first on each connection.
         *
         * @param header the header; null for none
         * @return this builder
         */
        public Builder proxyHeader(@Nullable ClientProxyHeader header) {
            this.proxyHeader = header;
            return this;
        }

        /**
         * Sets whether the server begins with its identity greeting.
         *
         * @param expected true if it does
         * @return this builder
         */
        public Builder greetingExpected(boolean expected) {
            this.greetingExpected = expected;
            return this;
        }

        /**
         * Sets whether lost connections are reopened and outages are reported.
         *
         * @param reconnect true to do so
         * @return this builder
         */
        public Builder reconnect(boolean reconnect) {
            this.reconnect = reconnect;
            return this;
        }

        /**
         * Sets the interval at which the listener is notified of progress.
         *
         * @param interval the interval, 10 ms to 1 day
         * @return this builder
         */
        public Builder interval(Duration interval) {
            this.interval = interval;
            return this;
        }

        /**
         * Builds and validates the options.
         *
         * @return the options
         * @throws InvalidOptionException for the first value outside its range
         */
        public ProbeOptions build() {
            return new ProbeOptions(
                    address,
                    family,
                    source,
                    connections,
                    size,
                    pipeline,
                    rate,
                    warmup,
                    duration,
                    count,
                    timeout,
                    tls,
                    proxyHeader,
                    greetingExpected,
                    reconnect,
                    interval);
        }
    }
}
