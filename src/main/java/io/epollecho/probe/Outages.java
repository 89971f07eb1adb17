package io.epollecho.probe;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Tracks which connections are down, and derives outages from that. An outage lasts from the loss
 * of the first connection until all connections are usable again, so the restart of a server is one
 * outage, no matter how many connections it breaks. Confined to the probe's thread; times are
 * values of {@link System#nanoTime}.
 */
final class Outages {

    private static final long UP = Long.MIN_VALUE;

    private final ProbeListener listener;
    private final Instant origin = Instant.now();
    private final long originNanos;
    private final long[] downSince;
    private final BitSet wasUp = new BitSet();
    private final Set<FailureKind> kinds = new LinkedHashSet<>();
    private String first = "";
    private int down;
    private int affected;
    private long begunAt;
    private long endedAt;
    private int count;
    private long longest;
    private long total;
    private long downNanos;

    Outages(int connections, long now, ProbeListener listener) {
        this.listener = listener;
        this.originNanos = now;
        this.endedAt = now;
        this.downSince = new long[connections];
        Arrays.fill(downSince, UP);
    }

    /**
     * Records that a connection was lost or could not be opened. A connection that was never up has
     * been down since the run began.
     */
    void failed(int connection, long lostAt, FailureKind kind, String reason) {
        long since = wasUp.get(connection) ? lostAt : originNanos;
        boolean begins = down == 0;
        if (begins) {
            begunAt = Math.max(since, endedAt);
            kinds.clear();
            affected = 0;
            first = reason;
            count++;
        }
        kinds.add(kind);
        if (downSince[connection] == UP) {
            downSince[connection] = Math.max(since, begunAt);
            down++;
            affected = Math.max(affected, down);
        }
        if (begins) {
            endedAt = begunAt;
            listener.outageBegan(outage(begunAt, false));
        }
    }

    /**
     * Records that a connection has been answered and thus usable since the given time, whether it
     * was down before or not.
     */
    void recovered(int connection, long usableSince) {
        wasUp.set(connection);
        if (downSince[connection] == UP) {
            return;
        }
        long since = Math.max(usableSince, downSince[connection]);
        downNanos += since - downSince[connection];
        downSince[connection] = UP;
        endedAt = Math.max(endedAt, since);
        down--;
        if (down == 0) {
            longest = Math.max(longest, endedAt - begunAt);
            total += endedAt - begunAt;
            listener.outageEnded(outage(endedAt, true));
        }
    }

    private Outage outage(long end, boolean over) {
        return new Outage(
                origin.plusNanos(begunAt - originNanos),
                Duration.ofNanos(end - begunAt),
                List.copyOf(kinds),
                affected,
                first,
                over);
    }

    OutageSummary summary(long now) {
        long current = down == 0 ? 0 : Math.max(0, now - begunAt);
        long lost = downNanos;
        for (long since : downSince) {
            lost += since == UP ? 0 : Math.max(0, now - since);
        }
        double watched = (double) (now - originNanos) * downSince.length;
        return new OutageSummary(
                count,
                Duration.ofNanos(Math.max(longest, current)),
                Duration.ofNanos(total + current),
                watched <= 0 ? 1 : 1 - lost / watched,
                down > 0);
    }
}
