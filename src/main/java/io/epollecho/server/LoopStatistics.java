package io.epollecho.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * The statistics of one event loop since its server was created. Restarts do not reset them.
 *
 * @param byListener the statistics of each listener's connections on this loop, by listener name
 * @param selectorRebuilds the number of selectors that were rebuilt because they kept returning
 *     early
 * @param busyTime the time spent working rather than waiting
 * @param pollingTime the time spent polling for work instead of sleeping
 */
public record LoopStatistics(
        SequencedMap<String, EchoServerStatistics> byListener,
        long selectorRebuilds,
        Duration busyTime,
        Duration pollingTime) {

    /** Makes the map unmodifiable. */
    public LoopStatistics {
        byListener = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(byListener));
    }

    /** Returns the statistics of a loop that has not run. */
    static LoopStatistics none() {
        return new LoopStatistics(new LinkedHashMap<>(), 0, Duration.ZERO, Duration.ZERO);
    }

    /**
     * Returns the statistics of all connections on this loop.
     *
     * @return the sum over the listeners
     */
    public EchoServerStatistics total() {
        return EchoServerStatistics.sum(byListener.values());
    }

    LoopStatistics plus(LoopStatistics other) {
        return new LoopStatistics(
                merged(List.of(this, other)),
                selectorRebuilds + other.selectorRebuilds,
                busyTime.plus(other.busyTime),
                pollingTime.plus(other.pollingTime));
    }

    /** Returns these statistics with the open connections counted as closed by an error. */
    LoopStatistics settled() {
        var settled = new LinkedHashMap<>(byListener);
        settled.replaceAll((name, statistics) -> statistics.settled());
        return new LoopStatistics(settled, selectorRebuilds, busyTime, pollingTime);
    }

    /** Returns the sums, loop by loop, of two lists of the same loops. */
    static List<LoopStatistics> sum(List<LoopStatistics> some, List<LoopStatistics> others) {
        var sum = new ArrayList<LoopStatistics>();
        for (int i = 0; i < some.size(); i++) {
            sum.add(some.get(i).plus(others.get(i)));
        }
        return List.copyOf(sum);
    }

    /**
     * Returns the statistics of all connections on several loops.
     *
     * @param loops the loops
     * @return the sum over the loops and listeners
     */
    public static EchoServerStatistics total(List<LoopStatistics> loops) {
        return EchoServerStatistics.sum(loops.stream().map(LoopStatistics::total).toList());
    }

    /**
     * Returns the statistics of one listener over several loops.
     *
     * @param loops the loops
     * @param listener the listener's name
     * @return the sum over the loops
     */
    public static EchoServerStatistics ofListener(List<LoopStatistics> loops, String listener) {
        return EchoServerStatistics.sum(
                loops.stream()
                        .map(loop -> loop.byListener.get(listener))
                        .filter(Objects::nonNull)
                        .toList());
    }

    /** Returns the statistics of each listener over several loops. */
    static SequencedMap<String, EchoServerStatistics> merged(List<LoopStatistics> loops) {
        var merged = new LinkedHashMap<String, EchoServerStatistics>();
        for (LoopStatistics loop : loops) {
            for (Map.Entry<String, EchoServerStatistics> entry : loop.byListener.entrySet()) {
                merged.merge(entry.getKey(), entry.getValue(), EchoServerStatistics::plus);
            }
        }
        return merged;
    }
}
