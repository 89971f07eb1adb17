package io.epollecho.probe;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts failures by their kinds, and keeps the first of each. */
final class Failures {

    private final Map<FailureKind, FailureCount> counts = new EnumMap<>(FailureKind.class);
    private int lost;
    private long total;

    void add(FailureKind kind, String description) {
        counts.merge(
                kind,
                new FailureCount(kind, 1, description),
                (before, _) -> new FailureCount(kind, before.count() + 1, before.first()));
        if (kind != FailureKind.MISSING_BYTES) {
            total++; // what is missing, is so because of another failure
        }
        if (kind.endsConnection()) {
            lost++;
        }
    }

    /** Returns how many failures have cost a connection. */
    int lost() {
        return lost;
    }

    /** Returns how many failures there were, each counted once. */
    long total() {
        return total;
    }

    /** Returns the kinds that have occurred, in the order of {@link FailureKind}. */
    List<FailureCount> counts() {
        return List.copyOf(counts.values());
    }
}
