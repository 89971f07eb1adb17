package io.epollecho.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The check at startup that the limits fit into the heap. */
final class HeapLimit {

    private static final Logger log = LoggerFactory.getLogger(HeapLimit.class);

    /**
     * The approximate heap usage of an idle connection; the JDK's selector needs more than epoll.
     */
    private static final long BYTES_PER_CONNECTION = 1024;

    /** The same with TLS, most of it in the JDK's engine. */
    private static final long BYTES_PER_TLS_CONNECTION = 5 * 1024;

    private HeapLimit() {}

    /** Logs a warning if the heap is too small for the sum of the limits. */
    static void check(EchoServerConfig config, int maxConnections) {
        boolean tls =
                config.listeners().values().stream().anyMatch(listener -> listener.tls() != null);
        long each = tls ? BYTES_PER_TLS_CONNECTION : BYTES_PER_CONNECTION;
        long needed = config.maxPending() + maxConnections * each;
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
