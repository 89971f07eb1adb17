package io.epollecho.spring;

import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.SmartLifecycle;

import java.time.Duration;

/**
 * A lifecycle that starts the echo server with the application context, and drains and stops it
 * when the context closes.
 *
 * <p>The web server starts in an earlier phase and stops in a later one, so that it answers health
 * probes and serves metrics while the echo server drains.
 */
public final class EchoServerLifecycle implements SmartLifecycle, DisposableBean {

    /**
     * The lifecycle phase: above the phases of the web server, which are 1024 and 2048 below the
     * default, and below the default phase of other beans.
     */
    public static final int PHASE = SmartLifecycle.DEFAULT_PHASE - 512;

    private final EchoServer server;
    private final Duration longestDrain;

    /**
     * Creates the lifecycle of a server.
     *
     * @param server the server, which only this lifecycle should start
     */
    public EchoServerLifecycle(EchoServer server) {
        this(server, server.config().drainTimeout());
    }

    EchoServerLifecycle(EchoServer server, Duration longestDrain) {
        this.server = server;
        this.longestDrain = longestDrain;
    }

    @Override
    public void start() {
        server.start();
    }

    @Override
    public void stop() {
        server.drain(longestDrain);
        server.stop();
    }

    @Override
    public void stop(Runnable callback) {
        var _ = server.shutdown(longestDrain).whenComplete((stopped, failure) -> callback.run());
    }

    /**
     * Stops the server if Spring has not waited for the drain, or has never stopped this lifecycle
     * because the application failed to start.
     */
    @Override
    public void destroy() {
        server.stop();
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
