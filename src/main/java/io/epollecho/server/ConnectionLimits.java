package io.epollecho.server;

import java.time.Duration;

/**
 * The limits on connections.
 *
 * @param max the maximum number of open connections; lowered at startup if the descriptor limit
 *     requires it
 * @param maxPerAddress the maximum number of open connections from one address; 0 for no limit
 * @param ipv6PrefixLength the number of leading bits of an IPv6 address that count as one address
 * @param idleTimeout the time after which a silent connection is closed; zero for no limit
 * @param writeTimeout the time after which a connection is closed if its peer accepts none of its
 *     pending bytes; zero for no limit
 */
public record ConnectionLimits(
        int max,
        int maxPerAddress,
        int ipv6PrefixLength,
        Duration idleTimeout,
        Duration writeTimeout) {

    /**
     * Checks the ranges.
     *
     * @throws InvalidSettingException for the first value outside its range
     */
    public ConnectionLimits {
        Setting.MAX_CONNECTIONS.require(max);
        Setting.MAX_CONNECTIONS_PER_ADDRESS.require(maxPerAddress, Setting.MAX_CONNECTIONS, max);
        Setting.IPV6_PREFIX_LENGTH.require(ipv6PrefixLength);
        Setting.IDLE_TIMEOUT.require(idleTimeout);
        Setting.WRITE_TIMEOUT.require(writeTimeout);
    }
}
