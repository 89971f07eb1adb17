package io.epollecho.server;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What a server, or one of its loops, has counted since it was created; restarts do not reset it.
 * Each figure is exact, but they are read one after the other while the loops go on, so two of them
 * may belong to moments slightly apart.
 *
 * @param accepted connections taken on
 * @param closed connections closed, by reason; each reason is there
 * @param rejected connections turned away, by reason; each reason is there; not among those
 *     accepted
 * @param acceptErrors failed attempts to accept
 * @param bytesReceived bytes read from peers
 * @param bytesSent bytes written to peers
 * @param pendingBytes bytes read and not yet written, because the peer does not take them
 * @param connectionTime the time that closed connections were open, added up
 * @param selectorRebuilds selectors that were replaced as they returned early over and over
 * @param busyTime the time that loops spent on work rather than on waiting for it, added up
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
        long selectorRebuilds,
        Duration busyTime) {

    /**
     * All closed connections, whatever the reason.
     *
     * @return their number
     */
    public long closedTotal() {
        return total(closed);
    }

    /**
     * All connections turned away, whatever the reason.
     *
     * @return their number
     */
    public long rejectedTotal() {
        return total(rejected);
    }

    /**
     * The connections open now.
     *
     * @return accepted less closed
     */
    public long active() {
        return accepted - closedTotal();
    }

    private static long total(Map<?, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    static EchoServerStatistics of(List<LoopStatistics> loops) {
        // The closed are read before the opened, so that no connection is ever counted as closed
        // but not opened.
        var closed = new EnumMap<CloseReason, Long>(CloseReason.class);
        for (CloseReason reason : CloseReason.values()) {
            closed.put(reason, sum(loops, loop -> loop.closed(reason)));
        }
        var rejected = new EnumMap<RejectReason, Long>(RejectReason.class);
        for (RejectReason reason : RejectReason.values()) {
            rejected.put(reason, sum(loops, loop -> loop.rejected(reason)));
        }
        return new EchoServerStatistics(
                sum(loops, loop -> loop.opened),
                Collections.unmodifiableMap(closed),
                Collections.unmodifiableMap(rejected),
                sum(loops, loop -> loop.acceptErrors),
                sum(loops, loop -> loop.bytesReceived),
                sum(loops, loop -> loop.bytesSent),
                sum(loops, loop -> loop.pendingBytes),
                Duration.ofNanos(sum(loops, loop -> loop.connectionNanos)),
                sum(loops, loop -> loop.rebuilds),
                Duration.ofNanos(sum(loops, loop -> loop.busyNanos)));
    }

    private static long sum(List<LoopStatistics> loops, Function<LoopStatistics, Counter> counter) {
        return loops.stream().mapToLong(loop -> counter.apply(loop).get()).sum();
    }
}
