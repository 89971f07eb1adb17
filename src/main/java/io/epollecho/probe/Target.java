package io.epollecho.probe;

import java.time.Instant;
import java.util.List;

/**
 * The server that a run probed.
 *
 * @param name the host and port that were given
 * @param addresses all addresses that the name had during the run; empty if it had none
 * @param started the time at which the run began
 */
public record Target(String name, List<String> addresses, Instant started) {

    /** Creates a target. */
    public Target {
        addresses = List.copyOf(addresses);
    }
}
