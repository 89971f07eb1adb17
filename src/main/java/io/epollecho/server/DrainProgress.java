package io.epollecho.server;

import java.time.Duration;

/**
 * How far a drain is.
 *
 * @param connectionsAtStart the connections that were open when it began
 * @param connectionsLeft those that are open still
 * @param remaining the time until it cuts them
 */
public record DrainProgress(long connectionsAtStart, long connectionsLeft, Duration remaining) {}
