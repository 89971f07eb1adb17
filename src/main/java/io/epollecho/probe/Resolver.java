package io.epollecho.probe;

import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;

/** The server's address. A lookup may take seconds, so it runs in the background. */
final class Resolver {

    private final AtomicBoolean running = new AtomicBoolean();
    private volatile InetSocketAddress address;

    Resolver(InetSocketAddress address) {
        this.address = address;
    }

    /** Returns the latest known address; unresolved if the name has none. */
    InetSocketAddress address() {
        return address;
    }

    /** Starts a new lookup of the name, because the server may have moved. */
    void refresh() {
        if (running.compareAndSet(false, true)) {
            Thread.ofVirtual().name("probe-resolver").start(this::lookUp);
        }
    }

    private void lookUp() {
        try {
            address = new InetSocketAddress(address.getHostString(), address.getPort());
        } finally {
            running.set(false);
        }
    }
}
