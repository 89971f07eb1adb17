package io.epollecho.server;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * A TCP echo server (RFC 862): what a peer sends comes back to it, every byte, in order, until the
 * peer ends its stream.
 *
 * <pre>{@code
 * try (var server = EchoServer.start(EchoServerConfig.builder().port(0).build())) {
 *     connect(server.localAddress());
 * }
 * }</pre>
 *
 * <p>It runs on threads of its own, {@code echo-server-0} and up, which are no daemons: a process
 * that runs a server lives until the server is stopped.
 *
 * <p>To end a server takes two steps, and {@link #close()} does both: {@link #drain} closes the
 * listening socket and lets the connections come to an end; {@link #stop} cuts those that are left
 * and ends the threads. A stopped or failed server can be started again; its statistics go on.
 *
 * <p>All methods may be called from any thread but the server's own, and those that change the
 * state may be repeated.
 */
public final class EchoServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EchoServer.class);

    /**
     * How much longer than the drain itself to wait for it: its last connections have a second to
     * linger.
     */
    private static final Duration DRAIN_MARGIN = Duration.ofSeconds(2);

    /** How often the log tells how far a drain is. */
    private static final Duration DRAIN_REPORTS = Duration.ofSeconds(5);

    private final EchoServerConfig config;
    private final EchoServerListener listener;
    private final List<LoopStatistics> loopStatistics;

    /** Held while the server is started or stopped, one caller after the other. */
    private final ReentrantLock lifecycle = new ReentrantLock();

    /** Held while the state changes and its listener is told, never while waiting for anything. */
    private final ReentrantLock transition = new ReentrantLock();

    private volatile EchoServerState state = EchoServerState.STOPPED;
    private volatile @Nullable EventLoopGroup group;
    private volatile @Nullable Drain drain;
    private volatile @Nullable Throwable failure;
    private volatile @Nullable InetSocketAddress localAddress;
    private volatile int maxConnections;
    private volatile boolean stalled;

    private record Drain(CompletableFuture<Void> done, long connectionsAtStart, long deadline) {

        Duration remaining() {
            return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
        }
    }

    /**
     * Creates a server that is not started yet.
     *
     * @param config what it is to be
     */
    public EchoServer(EchoServerConfig config) {
        this(config, EchoServerListener.NONE);
    }

    /**
     * Creates a server that is not started yet.
     *
     * @param config what it is to be
     * @param listener is told of each change of state
     */
    public EchoServer(EchoServerConfig config, EchoServerListener listener) {
        this.config = config;
        this.listener = listener;
        this.maxConnections = config.connections().max();
        this.loopStatistics =
                Stream.generate(LoopStatistics::new).limit(config.eventLoops()).toList();
    }

    /**
     * Creates a server and starts it.
     *
     * @param config what it is to be
     * @return a server that accepts connections
     * @throws BindFailedException if the address cannot be had
     * @throws UncheckedIOException if anything else fails
     */
    public static EchoServer start(EchoServerConfig config) {
        var server = new EchoServer(config);
        server.start();
        return server;
    }

    /**
     * Starts to accept connections; does nothing if the server is running.
     *
     * @throws BindFailedException if the address cannot be had
     * @throws UncheckedIOException if anything else fails; nothing is left open
     * @throws IllegalStateException if the server is draining: stop it first
     */
    public void start() {
        lifecycle.lock();
        try {
            switch (state) {
                case RUNNING -> {
                    return;
                }
                case DRAINING ->
                        throw new IllegalStateException(
                                "The echo server is draining; stop it first");
                case FAILED -> stop();
                case STOPPED -> {}
            }
            failure = null;
            stalled = false;
            var started =
                    new EventLoopGroup(config, loopStatistics, this::failed, this::stallChanged);
            group = started;
            localAddress = started.localAddress();
            maxConnections = started.maxConnections();
            changeState(EchoServerState.RUNNING);
            log.info("Echo server listening on {}", describe(started));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot start the echo server: " + e.getMessage(), e);
        } finally {
            lifecycle.unlock();
        }
    }

    private String describe(EventLoopGroup started) {
        SelectorBackend selector = config.selector();
        return "%s: selector %s, %s-triggered, event loops %d, connections up to %d, backlog %d"
                .formatted(
                        SocketAddresses.format(started.localAddress()),
                        selector.name(),
                        selector.triggerMode().label(),
                        config.eventLoops(),
                        started.maxConnections(),
                        effectiveBacklog());
    }

    private int effectiveBacklog() {
        int backlog = config.listeners().firstEntry().getValue().backlog();
        // Not Files.readString: it begins with a read of one byte, and these files answer only one.
        try (var cap = Files.newBufferedReader(Path.of("/proc/sys/net/core/somaxconn"))) {
            return Math.min(backlog, Integer.parseInt(String.valueOf(cap.readLine())));
        } catch (IOException | NumberFormatException e) {
            return backlog; // not Linux, or hidden: the kernel caps it all the same
        }
    }

    /** On the dying loop's thread, which must not wait for whoever may be waiting for its end. */
    private void failed(Throwable cause) {
        transition.lock();
        try {
            failure = cause;
            changeState(EchoServerState.FAILED);
        } finally {
            transition.unlock();
        }
    }

    /**
     * Closes the listening socket, lets the connections come to an end, and waits for that. A
     * connection ends when its peer ends it, or with a FIN when nothing has moved on it for a
     * second; until then what arrives is echoed. When the time is over, the connections still busy
     * get what was read from them and a FIN, and one second to take it.
     *
     * <p>Does nothing if the server is not running. If it is draining already, waits for that to
     * end, and brings the end forward if this timeout asks for it.
     *
     * @param timeout how long the connections have
     * @return whether no connection is left
     */
    public boolean drain(Duration timeout) {
        return await(beginDrain(timeout));
    }

    private @Nullable Drain beginDrain(Duration timeout) {
        lifecycle.lock();
        try {
            EventLoopGroup running = group;
            if (running == null || state == EchoServerState.FAILED) {
                return null;
            }
            long deadline = System.nanoTime() + timeout.toNanos();
            Drain begun = drain;
            if (begun == null) {
                long active = statistics().active();
                log.info(
                        "Echo server draining: connections {}, for at most {} ms",
                        active,
                        timeout.toMillis());
                drain = new Drain(running.drain(deadline), active, deadline);
                changeState(EchoServerState.DRAINING);
            } else if (deadline < begun.deadline) {
                drain = new Drain(running.drain(deadline), begun.connectionsAtStart, deadline);
            }
            return drain;
        } finally {
            lifecycle.unlock();
        }
    }

    private boolean await(@Nullable Drain begun) {
        if (begun == null) {
            return true;
        }
        try {
            Duration patience = begun.remaining().plus(DRAIN_MARGIN);
            while (patience.compareTo(DRAIN_REPORTS) > 0) {
                if (isDone(begun, DRAIN_REPORTS)) {
                    return true;
                }
                patience = begun.remaining().plus(DRAIN_MARGIN);
                log.info(
                        "Echo server draining: connections left {} of {}, for at most {} ms more",
                        statistics().active(),
                        begun.connectionsAtStart,
                        begun.remaining().toMillis());
            }
            return isDone(begun, patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (CancellationException | ExecutionException e) {
            return false;
        }
    }

    private static boolean isDone(Drain begun, Duration patience)
            throws InterruptedException, ExecutionException {
        try {
            begun.done.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    /**
     * Cuts the connections that are left, closes selectors and sockets, and waits for the threads
     * to end.
     */
    public void stop() {
        lifecycle.lock();
        try {
            stop(group);
        } finally {
            lifecycle.unlock();
        }
    }

    /** Ends one run of the server, and not another one that was started since. */
    private void stop(@Nullable EventLoopGroup running) {
        lifecycle.lock();
        try {
            if (running == null || running != group) {
                return;
            }
            running.stop();
            group = null;
            drain = null;
            EchoServerStatistics totals = statistics();
            log.info(
                    "Echo server stopped: connections accepted {}, rejected {}, cut {}, bytes"
                            + " received {}, sent {}",
                    totals.accepted(),
                    totals.rejectedTotal(),
                    totals.closed().get(CloseReason.DRAIN_TIMEOUT),
                    totals.bytesReceived(),
                    totals.bytesSent());
            changeState(EchoServerState.STOPPED);
        } finally {
            lifecycle.unlock();
        }
    }

    /**
     * Drains and stops, in the background. When this method returns, the drain has begun. If the
     * server is stopped and started again meanwhile, it stays started.
     *
     * @param timeout how long the connections have
     * @return completes when the server has stopped
     */
    public CompletableFuture<Void> shutdown(Duration timeout) {
        lifecycle.lock();
        try {
            EventLoopGroup running = group;
            Drain begun = beginDrain(timeout);
            return CompletableFuture.runAsync(
                    () -> {
                        await(begun);
                        stop(running);
                    },
                    task -> Thread.ofPlatform().name("echo-server-shutdown").start(task));
        } finally {
            lifecycle.unlock();
        }
    }

    /** Drains, for the configured time at most, and stops. */
    @Override
    public void close() {
        drain(config.drainTimeout());
        stop();
    }

    private void stallChanged(boolean stuck) {
        stalled = stuck;
        try {
            listener.stallChanged(this, stuck);
        } catch (RuntimeException e) {
            log.error("A listener failed on the echo server's stall", e);
        }
    }

    private void changeState(EchoServerState next) {
        transition.lock();
        try {
            // A loop may die at any moment, also while the server is being started or drained; only
            // a stop ends that.
            boolean overtaken = state == EchoServerState.FAILED && next != EchoServerState.STOPPED;
            if (state == next || overtaken) {
                return;
            }
            state = next;
            listener.stateChanged(this, next);
        } catch (RuntimeException e) {
            log.error("A listener failed on the echo server's change to {}", next, e);
        } finally {
            transition.unlock();
        }
    }

    /**
     * What the server is doing.
     *
     * @return its state
     */
    public EchoServerState state() {
        return state;
    }

    /**
     * What the server was configured to be.
     *
     * @return the configuration as given
     */
    public EchoServerConfig config() {
        return config;
    }

    /**
     * The address that the server listens on, or listened on last.
     *
     * @return the bound address with the real port
     * @throws IllegalStateException if the server has never been started
     */
    public InetSocketAddress localAddress() {
        InetSocketAddress bound = localAddress;
        if (bound == null) {
            throw new IllegalStateException("The echo server has not been started");
        }
        return bound;
    }

    /**
     * Returns the addresses that the server listens on, or listened on last.
     *
     * @return the bound addresses with the real ports, by the names of their listeners
     * @throws IllegalStateException if the server has never been started
     */
    public SequencedMap<String, InetSocketAddress> localAddresses() {
        var addresses = new LinkedHashMap<String, InetSocketAddress>();
        addresses.put(EchoServerConfig.DEFAULT_LISTENER, localAddress());
        return Collections.unmodifiableSequencedMap(addresses);
    }

    /**
     * The number of connections that are let in: as configured, or less if the descriptor limit was
     * lower at the last start.
     *
     * @return the limit in force
     */
    public int maxConnections() {
        return maxConnections;
    }

    /**
     * What the server has counted.
     *
     * @return a snapshot over all loops
     */
    public EchoServerStatistics statistics() {
        return EchoServerStatistics.of(loopStatistics);
    }

    /**
     * What each loop has counted.
     *
     * @return a snapshot for each loop, in the order of their numbers
     */
    public List<EchoServerStatistics> statisticsByLoop() {
        return loopStatistics.stream().map(loop -> EchoServerStatistics.of(List.of(loop))).toList();
    }

    /**
     * How far the drain is.
     *
     * @return nothing if the server is not draining
     */
    public Optional<DrainProgress> drainProgress() {
        return Optional.ofNullable(drain)
                .map(
                        begun ->
                                new DrainProgress(
                                        begun.connectionsAtStart,
                                        statistics().active(),
                                        begun.remaining()));
    }

    /**
     * Why the server failed.
     *
     * @return what the event loop died of, until the server is started again
     */
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /**
     * Whether an event loop has made no progress for about two seconds. It may recover.
     *
     * @return true while one is stuck
     */
    public boolean stalled() {
        return stalled;
    }

    /**
     * The newest of the open connections, newest first. The loops answer between two turns.
     *
     * @param limit how many at most
     * @return completes with the list; without the connections of loops that have ended
     */
    public CompletableFuture<List<ConnectionInfo>> newestConnections(int limit) {
        EventLoopGroup current = group;
        return current == null
                ? CompletableFuture.completedFuture(List.of())
                : current.newestConnections(limit);
    }
}
