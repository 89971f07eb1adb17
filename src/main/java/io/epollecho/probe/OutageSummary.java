package io.epollecho.probe;

import java.time.Duration;

/**
 * The outages of a run.
 *
 * @param count how many there were
 * @param longest the longest
 * @param total how long all of them lasted
 * @param availability the share of the time in which connections were usable, the mean of all
 *     connections, 0 to 1
 * @param down true if there is one now
 */
public record OutageSummary(
        int count, Duration longest, Duration total, double availability, boolean down) {}
