package io.epollecho.probe;

import java.time.Duration;

/**
 * A summary of the outages of a run.
 *
 * @param count the number of outages
 * @param longest the duration of the longest outage
 * @param total the duration of all outages
 * @param availability the share of time during which connections were usable, averaged over all
 *     connections, 0 to 1
 * @param down true if an outage is ongoing
 */
public record OutageSummary(
        int count, Duration longest, Duration total, double availability, boolean down) {}
