package io.epollecho.server;

import java.time.Duration;

/**
 * The limits on connections.
 *
 * @param max the number that may be open at once; lowered at start to what the descriptor limit
 *     allows
 * @param maxPerAddress the number that may be open at once from one address; 0 for no limit
 * @param ipv6PrefixLength the number of leading bits of an IPv6 address that count as one address
 * @param idleTimeout the time that a connection may be silent; zero for any time
 * @param writeTimeout the time that a peer may take nothing of what waits for it; zero for any time
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
