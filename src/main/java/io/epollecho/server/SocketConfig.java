package io.epollecho.server;

import org.jspecify.annotations.Nullable;

/**
 * The options of each accepted socket; see socket(7) and tcp(7).
 *
 * @param receiveBuffer SO_RCVBUF in bytes; null to let the kernel tune it
 * @param sendBuffer SO_SNDBUF in bytes; null to let the kernel tune it
 * @param noDelay TCP_NODELAY: sends each echo without delay
 * @param keepAlive SO_KEEPALIVE: eventually detects a peer that has vanished
 */
public record SocketConfig(
        @Nullable Integer receiveBuffer,
        @Nullable Integer sendBuffer,
        boolean noDelay,
        boolean keepAlive) {

    /**
     * Checks the ranges.
     *
     * @throws InvalidSettingException for the first value outside its range
     */
    public SocketConfig {
        if (receiveBuffer != null) {
            Setting.RECEIVE_BUFFER.require(receiveBuffer.longValue());
        }
        if (sendBuffer != null) {
            Setting.SEND_BUFFER.require(sendBuffer.longValue());
        }
    }
}
