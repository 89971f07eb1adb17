package io.epollecho.server;

import java.time.Duration;

/**
 * The progress of a drain.
 *
 * @param connectionsAtStart the connections open when it began
 * @param connectionsLeft those still open
 * @param remaining the time until they are cut
 */
public record DrainProgress(long connectionsAtStart, long connectionsLeft, Duration remaining) {}
