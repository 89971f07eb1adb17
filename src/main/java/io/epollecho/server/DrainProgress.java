package io.epollecho.server;

import java.time.Duration;

/**
 * The progress of a drain.
 *
 * @param connectionsAtStart the number of connections open when the drain began
 * @param connectionsLeft the number of connections still open
 * @param remaining the time until the remaining connections are cut
 */
public record DrainProgress(long connectionsAtStart, long connectionsLeft, Duration remaining) {}
