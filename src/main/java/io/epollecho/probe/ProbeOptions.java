package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;

/**
 * What a probe is to do: complete, validated and immutable.
 *
 * @param address the echo server; an unresolved name makes every connection fail
 * @param connections how many to open, 1 to 1,000,000
 * @param size bytes in a message, 1 to 64 MiB
 * @param pipeline how many messages of a connection may be unanswered at once, 1 to 65,536
 * @param rate messages per second over all connections, above 0 and up to 10,000,000, each measured
 *     from the moment it was planned for; 0 for a closed loop, in which every answer sends the next
 *     message
 * @param warmup how long to load the server before anything is measured; the bytes are checked all
 *     the same
 * @param duration how long to send, from 1 ms to 365 days, or 0 to send until stopped; null if
 *     {@code count} is set
 * @param count how many messages to send over all connections, 1 or more; 0 if {@code duration} is
 *     set. There is no warm-up then.
 * @param timeout after which silence is a failure, 1 ms to 1 hour: of a connection that is being
 *     opened, or of one that owes an answer
 * @param tls the client's side of TLS, or null for none
 * @param proxyHeader the header of the PROXY protocol that begins each connection, or null for none
 * @param greetingExpected true if the server begins with its identity greeting, a line that is not
 *     part of the echo
 * @param reconnect true to open lost connections again, and to report outages
 * @param interval after which the listener hears how it goes, 10 ms to 1 day
 */
public record ProbeOptions(
        InetSocketAddress address,
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

    private static final int MAX_CONNECTIONS = 1_000_000;
    private static final int MAX_SIZE = 64 * 1024 * 1024;
    private static final int MAX_PIPELINE = 65_536;
    private static final double MAX_RATE = 10_000_000;
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);
    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(10);
    private static final Duration LONGEST_INTERVAL = Duration.ofDays(1);
    private static final Duration LONGEST = Duration.ofDays(365);

    /**
     * Checks the ranges.
     *
     * @throws InvalidOptionException for the first value outside its range
     */
    public ProbeOptions {
        Objects.requireNonNull(address, "address");
        require(address.getPort() > 0, "port", address.getPort(), "give 1 to 65535");
        requireUpTo(MAX_CONNECTIONS, "connections", connections);
        requireUpTo(MAX_SIZE, "size", size);
        requireUpTo(MAX_PIPELINE, "pipeline", pipeline);
        require(
                rate >= 0 && rate <= MAX_RATE,
                "rate",
                rate,
                "give messages per second, up to 10000000, or leave it out");
        require(
                !warmup.isNegative() && warmup.compareTo(LONGEST) <= 0,
                "warmup",
                warmup,
                "give 0s to 365d");
        require(count >= 0, "count", count, "give 1 or more");
        require(
                (duration == null) != (count == 0),
                "count",
                count,
                "give either a count or a duration, not both");
        require(
                duration == null || duration.isZero() || isBetween(SHORTEST, duration, LONGEST),
                "duration",
                Objects.requireNonNullElse(duration, Duration.ZERO),
                "give 1ms to 365d, or 0 for no end");
        require(
                count == 0 || warmup.isZero(),
                "warmup",
                warmup,
                "leave it out where --count is given");
        require(
                isBetween(SHORTEST, timeout, LONGEST_TIMEOUT),
                "timeout",
                timeout,
                "give 1ms to 1h");
        require(
                isBetween(SHORTEST_INTERVAL, interval, LONGEST_INTERVAL),
                "interval",
                interval,
                "give 10ms to 1d");
    }

    private static void requireUpTo(int max, String option, int value) {
        require(value >= 1 && value <= max, option, value, "give 1 to " + max);
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
     * Begins with the defaults: one connection, 64 bytes, one message at a time, as fast as it
     * goes, for 10 seconds, with a timeout of 5.
     *
     * @param address the echo server
     * @return a builder, for one thread
     */
    public static Builder builder(InetSocketAddress address) {
        return new Builder(address);
    }

    /**
     * Collects options. Each method sets one and returns this builder; see {@link ProbeOptions}.
     */
    public static final class Builder {

        private final InetSocketAddress address;
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

        public Builder connections(int connections) {
            this.connections = connections;
            return this;
        }

        public Builder size(int bytes) {
            this.size = bytes;
            return this;
        }

        public Builder pipeline(int messages) {
            this.pipeline = messages;
            return this;
        }

        public Builder rate(double messagesPerSecond) {
            this.rate = messagesPerSecond;
            return this;
        }

        public Builder warmup(Duration warmup) {
            this.warmup = warmup;
            return this;
        }

        /** Sends for so long, or until stopped if it is zero, instead of a count. */
        public Builder duration(Duration duration) {
            this.duration = duration;
            this.count = 0;
            return this;
        }

        /** Sends so many messages, however long it takes. */
        public Builder count(long messages) {
            this.count = messages;
            this.duration = null;
            return this;
        }

        public Builder timeout(Duration timeout) {
            this.timeout = timeout;
            return this;
        }

        public Builder tls(@Nullable ClientTls tls) {
            this.tls = tls;
            return this;
        }

        public Builder proxyHeader(@Nullable ClientProxyHeader header) {
            this.proxyHeader = header;
            return this;
        }

        public Builder greetingExpected(boolean expected) {
            this.greetingExpected = expected;
            return this;
        }

        public Builder reconnect(boolean reconnect) {
            this.reconnect = reconnect;
            return this;
        }

        public Builder interval(Duration interval) {
            this.interval = interval;
            return this;
        }

        /**
         * Validates what was collected.
         *
         * @return the options
         * @throws InvalidOptionException for the first value outside its range
         */
        public ProbeOptions build() {
            return new ProbeOptions(
                    address,
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
