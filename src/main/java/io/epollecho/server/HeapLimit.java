package io.epollecho.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Warns at the start if the limits exceed the heap. */
final class HeapLimit {

    private static final Logger log = LoggerFactory.getLogger(HeapLimit.class);

    /** About what an idle connection occupies; on the JDK's selector it is more than on epoll. */
    private static final long BYTES_PER_CONNECTION = 1024;

    private HeapLimit() {}

    /** Logs a warning if the heap is too small for the limits together. */
    static void check(EchoServerConfig config, int maxConnections) {
        long needed = config.maxPending() + maxConnections * BYTES_PER_CONNECTION;
        long heap = Runtime.getRuntime().maxMemory();
        if (needed > heap) {
            log.warn(
                    "Limits exceed the heap: {} connections and {} pending bytes need about {} MB,"
                            + " and the heap has {} MB. Lower {} or {}, or raise -Xmx.",
                    maxConnections,
                    config.maxPending(),
                    needed >> 20,
                    heap >> 20,
                    Setting.MAX_CONNECTIONS.key(),
                    Setting.MAX_PENDING.key());
        }
    }
}
