package io.epollecho.probe;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts failures by kind, and keeps the first description of each kind. */
final class Failures {

    private final Map<FailureKind, FailureCount> counts = new EnumMap<>(FailureKind.class);
    private int lost;
    private long total;

    void add(FailureKind kind, String description, Endpoints endpoints) {
        counts.merge(
                kind,
                new FailureCount(kind, 1, description, endpoints),
                (before, _) ->
                        new FailureCount(
                                kind, before.count() + 1, before.first(), before.endpoints()));
        if (kind != FailureKind.MISSING_BYTES) {
            total++; // missing bytes are always the consequence of another failure
        }
        if (kind.endsConnection()) {
            lost++;
        }
    }

    /** Returns the number of failures that ended a connection. */
    int lost() {
        return lost;
    }

    /** Returns the number of failures, not counting missing bytes. */
    long total() {
        return total;
    }

    /** Returns the kinds that occurred, in the order of {@link FailureKind}. */
    List<FailureCount> counts() {
        return List.copyOf(counts.values());
    }
}
