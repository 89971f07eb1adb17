package io.epollecho.server;

import com.sun.management.UnixOperatingSystemMXBean;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.management.ManagementFactory;

/**
 * The number of connections that the process has file descriptors for; see RLIMIT_NOFILE in
 * getrlimit(2).
 */
final class DescriptorLimit {

    private static final Logger log = LoggerFactory.getLogger(DescriptorLimit.class);

    /**
     * The number of descriptors left for the rest of the process, which opens files and sockets
     * too, for example for health checks.
     */
    private static final int RESERVE = 64;

    private DescriptorLimit() {}

    /**
     * Returns the number of connections to allow. If the descriptor limit is too low for the
     * requested number, logs a warning and returns the possible number.
     */
    static int lower(int maxConnections) {
        if (!(ManagementFactory.getOperatingSystemMXBean()
                instanceof UnixOperatingSystemMXBean system)) {
            return maxConnections;
        }
        long limit = system.getMaxFileDescriptorCount();
        long possible = Math.max(1, limit - system.getOpenFileDescriptorCount() - RESERVE);
        if (limit <= 0 || possible >= maxConnections) {
            return maxConnections;
        }
        log.warn(
                "{} lowered from {} to {}: the limit of open files is {}; raise it (ulimit -n) to"
                        + " allow more",
                Setting.MAX_CONNECTIONS.key(),
                maxConnections,
                possible,
                limit);
        return (int) possible;
    }
}
