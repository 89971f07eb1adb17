package io.epollecho.server;

import io.epollecho.stream.AddressRange;

import java.time.Duration;
import java.util.List;

/**
 * The configuration of a listener whose connections begin with a PROXY header. A connection without
 * one is closed, because the protocol's specification forbids guessing.
 *
 * @param trusted the addresses that may send a header; empty for all peers
 * @param headerTimeout the time, from accept, within which the header must be complete
 */
public record ProxyProtocolConfig(List<AddressRange> trusted, Duration headerTimeout) {

    /**
     * Checks the range.
     *
     * @throws InvalidSettingException if the timeout is outside its range
     */
    public ProxyProtocolConfig {
        trusted = List.copyOf(trusted);
        Setting.HEADER_TIMEOUT.require(headerTimeout);
    }

    /**
     * Returns the default configuration: all peers are trusted, and the header must arrive within 3
     * seconds.
     *
     * @return a valid configuration
     */
    public static ProxyProtocolConfig defaults() {
        return new ProxyProtocolConfig(List.of(), Setting.HEADER_TIMEOUT.defaultValue());
    }
}
