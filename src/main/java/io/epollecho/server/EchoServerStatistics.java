package io.epollecho.server;

import io.epollecho.loop.Counter;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * The statistics of a server, of one of its listeners or of one of its loops since the server was
 * created. Restarts do not reset them. Each figure is exact, but the figures are read one after the
 * other while the loops run, so two of them may belong to slightly different moments.
 *
 * @param accepted connections accepted
 * @param closed connections closed, by reason; contains every reason
 * @param rejected connections rejected, by reason; contains every reason; rejected connections do
 *     not count as accepted
 * @param acceptErrors failed attempts to accept a connection
 * @param bytesReceived bytes read from peers
 * @param bytesSent bytes written to peers
 * @param pendingBytes bytes read but not yet written because the peer is slow
 * @param connectionTime the total time that closed connections were open
 * @param handshakes TLS handshakes completed
 * @param handshakeTime the total time from accept to the end of these handshakes
 */
public record EchoServerStatistics(
        long accepted,
        Map<CloseReason, Long> closed,
        Map<RejectReason, Long> rejected,
        long acceptErrors,
        long bytesReceived,
        long bytesSent,
        long pendingBytes,
        Duration connectionTime,
        long handshakes,
        Duration handshakeTime) {

    private static final EchoServerStatistics NONE = of(new ListenerCounters("none"));

    /** Makes the maps unmodifiable. */
    public EchoServerStatistics {
        closed = Collections.unmodifiableMap(new EnumMap<>(closed));
        rejected = Collections.unmodifiableMap(new EnumMap<>(rejected));
    }

    /**
     * Returns the total number of closed connections.
     *
     * @return the sum over the reasons
     */
    public long closedTotal() {
        return total(closed);
    }

    /**
     * Returns the total number of rejected connections.
     *
     * @return the sum over the reasons
     */
    public long rejectedTotal() {
        return total(rejected);
    }

    /**
     * Returns the number of open connections.
     *
     * @return accepted minus closed
     */
    public long active() {
        return accepted - closedTotal();
    }

    private static long total(Map<?, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    static EchoServerStatistics of(ListenerCounters counters) {
        // Read the closed counters first, so that no connection appears as closed but not accepted.
        Map<CloseReason, Long> closed = counts(CloseReason.class, counters::closed);
        Map<RejectReason, Long> rejected = counts(RejectReason.class, counters::rejected);
        return new EchoServerStatistics(
                counters.accepted.get(),
                closed,
                rejected,
                counters.acceptErrors.get(),
                counters.bytesReceived.get(),
                counters.bytesSent.get(),
                counters.pendingBytes.get(),
                Duration.ofNanos(counters.connectionNanos.get()),
                counters.handshakes.get(),
                Duration.ofNanos(counters.handshakeNanos.get()));
    }

    private static <E extends Enum<E>> Map<E, Long> counts(
            Class<E> reasons, Function<E, Counter> counter) {
        var counts = new EnumMap<E, Long>(reasons);
        for (E reason : reasons.getEnumConstants()) {
            counts.put(reason, counter.apply(reason).get());
        }
        return counts;
    }

    static EchoServerStatistics sum(Collection<EchoServerStatistics> parts) {
        return parts.stream().reduce(NONE, EchoServerStatistics::plus);
    }

    EchoServerStatistics plus(EchoServerStatistics other) {
        return new EchoServerStatistics(
                accepted + other.accepted,
                plus(closed, other.closed),
                plus(rejected, other.rejected),
                acceptErrors + other.acceptErrors,
                bytesReceived + other.bytesReceived,
                bytesSent + other.bytesSent,
                pendingBytes + other.pendingBytes,
                connectionTime.plus(other.connectionTime),
                handshakes + other.handshakes,
                handshakeTime.plus(other.handshakeTime));
    }

    private static <E extends Enum<E>> Map<E, Long> plus(Map<E, Long> some, Map<E, Long> others) {
        var sum = new EnumMap<>(some);
        others.forEach((reason, count) -> sum.merge(reason, count, Long::sum));
        return sum;
    }

    /**
     * Returns these statistics with the open connections counted as closed by an error, because
     * their loop was abandoned and can no longer count them.
     */
    EchoServerStatistics settled() {
        var settled = new EnumMap<>(closed);
        settled.merge(CloseReason.ERROR, active(), Long::sum);
        return new EchoServerStatistics(
                accepted,
                settled,
                rejected,
                acceptErrors,
                bytesReceived,
                bytesSent,
                0,
                connectionTime,
                handshakes,
                handshakeTime);
    }
}
