package io.epollecho.probe;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A period during which connections were down: from the loss of the first connection until all are
 * usable again.
 *
 * @param begin the time at which a connection was lost or, if it stalled, was last answered
 * @param length the duration, which is the duration so far if the outage is ongoing
 * @param kinds the kinds of failure in the order in which they occurred
 * @param connections the maximum number of connections down at the same time
 * @param first the description of the first failure
 * @param over false while the outage is ongoing
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
