package io.epollecho.server;

import com.sun.management.UnixOperatingSystemMXBean;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.management.ManagementFactory;

/** How many connections the process has descriptors for, see RLIMIT_NOFILE in getrlimit(2). */
final class DescriptorLimit {

    private static final Logger log = LoggerFactory.getLogger(DescriptorLimit.class);

    /**
     * Left to the rest of the process, which goes on to open files and sockets of its own, health
     * checks among them.
     */
    private static final int RESERVE = 64;

    private DescriptorLimit() {}

    /**
     * The number of connections to allow: what is asked for, or with a warning what is possible.
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
