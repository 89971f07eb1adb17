package io.epollecho.probe;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A time in which connections were down: from the loss of the first one until all are usable again.
 *
 * @param begin when it began: when a connection was lost, or has answered for the last time
 * @param length how long it lasted, or has lasted so far
 * @param kinds the kinds of failure that occurred, in their order
 * @param connections how many connections were down
 * @param first the first failure in words
 * @param over false while it lasts
 */
public record Outage(
        Instant begin,
        Duration length,
        List<FailureKind> kinds,
        int connections,
        String first,
        boolean over) {

    /** Creates an outage. */
    public Outage {
        kinds = List.copyOf(kinds);
    }
}
