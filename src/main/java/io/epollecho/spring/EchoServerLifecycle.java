package io.epollecho.spring;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;

import org.springframework.context.SmartLifecycle;

/**
 * A lifecycle that starts the echo server with the application context, and drains and stops it
 * when the context closes.
 *
 * <p>The web server starts in an earlier phase and stops in a later one, so that it answers health
 * probes and serves metrics while the echo server drains.
 */
public final class EchoServerLifecycle implements SmartLifecycle {

    /**
     * The lifecycle phase: above the phases of the web server, which are 1024 and 2048 below the
     * default, and below the default phase of other beans.
     */
    public static final int PHASE = SmartLifecycle.DEFAULT_PHASE - 512;

    private final EchoServer server;

    /**
     * Creates the lifecycle of a server.
     *
     * @param server the server, which only this lifecycle should start
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

    /** Returns whether the server is not stopped. A failed server counts as running. */
    @Override
    public boolean isRunning() {
        return server.state() != EchoServerState.STOPPED;
    }

    /** Returns false, because a pause would leave the connections of peers hanging. */
    @Override
    public boolean isPauseable() {
        return false;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
