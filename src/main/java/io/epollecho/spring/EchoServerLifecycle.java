package io.epollecho.spring;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;

import org.springframework.context.SmartLifecycle;

/**
 * Starts the echo server with the application context, and drains and stops it when the context
 * closes.
 *
 * <p>The web server is started in a phase before and stopped in one after this, so that probes and
 * metrics are answered while the echo server drains.
 */
public final class EchoServerLifecycle implements SmartLifecycle {

    /**
     * Above the web server's phases, which are 1024 and 2048 below the default, and below the
     * beans' own default.
     */
    public static final int PHASE = SmartLifecycle.DEFAULT_PHASE - 512;

    private final EchoServer server;

    /**
     * Manages a server.
     *
     * @param server the server, which nobody else should start
     */
    public EchoServerLifecycle(EchoServer server) {
        this.server = server;
    }

    @Override
    public void start() {
        server.start();
    }

    @Override
    public void stop() {
        server.close();
    }

    @Override
    public void stop(Runnable callback) {
        var _ =
                server.shutdown(server.config().drainTimeout())
                        .whenComplete((stopped, failure) -> callback.run());
    }

    /** A failed server counts as running until it is stopped. */
    @Override
    public boolean isRunning() {
        return server.state() != EchoServerState.STOPPED;
    }

    /** Peers would not know of a pause: their connections would just hang. */
    @Override
    public boolean isPauseable() {
        return false;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
