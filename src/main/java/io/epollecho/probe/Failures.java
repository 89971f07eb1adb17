package io.epollecho.probe;

import org.jspecify.annotations.Nullable;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Counts failures by kind, and keeps the first description of each kind. */
final class Failures {

    private final Map<FailureKind, FailureCount> counts = new EnumMap<>(FailureKind.class);
    private @Nullable String first;
    private int lost;
    private long total;

    void add(FailureKind kind, String description, Endpoints endpoints) {
        counts.merge(
                kind,
                new FailureCount(kind, 1, description, endpoints),
                (before, _) ->
                        new FailureCount(
                                kind, before.count() + 1, before.first(), before.endpoints()));
        if (kind != FailureKind.MISSING_BYTES) { // which is the consequence of another failure
            total++;
            first = first == null ? description : first;
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

    /** Returns the description of the first failure. */
    Optional<String> first() {
        return Optional.ofNullable(first)
                .or(() -> counts.values().stream().map(FailureCount::first).findFirst());
    }

    /** Returns the kinds that occurred, in the order of {@link FailureKind}. */
    List<FailureCount> counts() {
        return List.copyOf(counts.values());
    }
}
