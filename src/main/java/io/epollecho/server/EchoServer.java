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
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A TCP echo server (RFC 862): returns every byte that a peer sends, in order, until the peer ends
 * its stream.
 *
 * <pre>{@code
 * try (var server = EchoServer.start(EchoServerConfig.builder().port(0).build())) {
 *     connect(server.localAddress());
 * }
 * }</pre>
 *
 * <p>Runs on its own non-daemon threads, {@code echo-server-0} and up, which keep the JVM alive
 * until the server is stopped.
 *
 * <p>A server ends in two steps, and {@link #close()} does both: {@link #drain} closes the
 * listening sockets and ends the connections as they come to rest; {@link #stop} cuts the remaining
 * connections and ends the threads. A stopped or failed server can be started again; its statistics
 * continue.
 *
 * <p>All methods may be called from any thread except the server's own threads. Methods that change
 * the state may be called repeatedly.
 */
public final class EchoServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EchoServer.class);

    private final EchoServerConfig config;
    private final List<EchoServerListener> listeners = new CopyOnWriteArrayList<>();
    private final @Nullable AccessLog accessLog;

    /** Held while the server is started or stopped, so that these operations never overlap. */
    private final ReentrantLock lifecycle = new ReentrantLock();

    /** Held while the state changes and the listeners are notified, but never while waiting. */
    private final ReentrantLock transition = new ReentrantLock();

    private volatile EchoServerState state = EchoServerState.STOPPED;

    /** The state that the listeners were last notified of. Guarded by {@link #transition}. */
    private EchoServerState notified = EchoServerState.STOPPED;

    private volatile Runs runs;
    private volatile @Nullable Drain drain;
    private volatile @Nullable Throwable failure;
    private volatile @Nullable SequencedMap<String, InetSocketAddress> localAddresses;
    private volatile int maxConnections;
    private volatile int peakOfPastRuns;
    private volatile long startedAt;
    private volatile boolean stalled;

    /** The statistics of past runs and the current run, if any. */
    private record Runs(List<LoopStatistics> past, @Nullable ServerRun current) {

        List<LoopStatistics> statistics() {
            return current == null ? past : LoopStatistics.sum(past, current.statistics());
        }

        /** Adds the statistics of the current run, which has ended, to those of past runs. */
        Runs ended() {
            if (current == null) {
                return this;
            }
            List<LoopStatistics> last =
                    current.statistics().stream().map(LoopStatistics::settled).toList();
            return new Runs(LoopStatistics.sum(past, last), null);
        }
    }

    /** Receives reports from runs and ignores those of a past run, which may arrive late. */
    private final ServerRun.Observer observer =
            new ServerRun.Observer() {
                @Override
                public void died(ServerRun run, Throwable cause) {
                    runDied(run, cause);
                }

                @Override
                public void stallChanged(ServerRun run, boolean stalled) {
                    runStallChanged(run, stalled);
                }
            };

    /**
     * Creates a server that is not started yet.
     *
     * @param config the configuration
     */
    public EchoServer(EchoServerConfig config) {
        this(config, EchoServerListener.NONE);
    }

    /**
     * Creates a server that is not started yet.
     *
     * @param config the configuration
     * @param listener the listener for state changes
     */
    public EchoServer(EchoServerConfig config, EchoServerListener listener) {
        this.config = config;
        this.listeners.add(listener);
        this.accessLog = config.accessLog() ? new AccessLog() : null;
        this.maxConnections = config.connections().max();
        this.runs =
                new Runs(
                        Stream.generate(LoopStatistics::none).limit(config.eventLoops()).toList(),
                        null);
    }

    /**
     * Creates a server and starts it.
     *
     * @param config the configuration
     * @return a server that accepts connections
     * @throws BindFailedException if an address cannot be bound
     * @throws UncheckedIOException if anything else fails
     */
    public static EchoServer start(EchoServerConfig config) {
        var server = new EchoServer(config);
        server.start();
        return server;
    }

    /**
     * Starts accepting connections on all listeners, or on none if one of them cannot be bound.
     * Does nothing if the server is already running.
     *
     * @throws BindFailedException if an address cannot be bound
     * @throws UncheckedIOException if anything else fails; nothing is left open
     * @throws IllegalStateException if the server is draining; stop it first
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
            begin(new ServerRun(config, accessLog, observer));
            HeapLimit.check(config, maxConnections);
            log.info("Echo server listening on {}", describe());
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot start the echo server: " + e.getMessage(), e);
        } finally {
            lifecycle.unlock();
        }
    }

    private void begin(ServerRun run) {
        try {
            failure = null;
            localAddresses = Collections.unmodifiableSequencedMap(run.localAddresses());
            maxConnections = run.maxConnections();
            startedAt = System.nanoTime();
            runs = new Runs(runs.past(), run);
            if (accessLog != null) {
                accessLog.start();
            }
            run.start();
            changeState(EchoServerState.RUNNING);
        } catch (RuntimeException | Error e) { // for example, no memory for another thread
            end(run);
            throw e;
        }
    }

    private String describe() {
        SelectorBackend selector = config.selector();
        return String.format(
                Locale.ROOT,
                "%s: selector %s, %s-triggered, event loops %d, connections up to %d",
                localAddresses().entrySet().stream()
                        .map(bound -> describe(bound.getKey(), bound.getValue()))
                        .collect(Collectors.joining(", ")),
                selector.name(),
                selector.triggerMode().label(),
                config.eventLoops(),
                maxConnections);
    }

    private String describe(String name, InetSocketAddress address) {
        return String.format(
                Locale.ROOT,
                "%s (%s, backlog %d)",
                SocketAddresses.format(address),
                name,
                effective(config.listener(name).backlog()));
    }

    private static int effective(int backlog) {
        // Not Files.readString: it first reads one byte, and this file supports only one read.
        try (var cap = Files.newBufferedReader(Path.of("/proc/sys/net/core/somaxconn"))) {
            return Math.min(backlog, Integer.parseInt(String.valueOf(cap.readLine())));
        } catch (IOException | NumberFormatException e) {
            return backlog; // not Linux, or not readable; the kernel caps the backlog anyway
        }
    }

    /**
     * Closes the listening sockets, ends the connections as they come to rest, and waits until none
     * is left or the time is over. A connection is at rest when no bytes are pending and none have
     * moved for a second. It gets a FIN and is closed when its peer answers with a FIN or when the
     * linger time is over: at most a second if it was at rest when the drain began, at most {@link
     * EchoServerConfig#lingerTimeout()} otherwise. Until it gets its FIN, a connection keeps
     * echoing. When the time is over, the connections that are still busy get their pending bytes
     * and a FIN, and have one second to receive them.
     *
     * <p>Does nothing if the server is not running. If it is already draining, waits for that drain
     * to end and brings its deadline forward if this timeout ends earlier.
     *
     * @param timeout the maximum duration of the drain, zero or more
     * @return true if no connection is left
     * @throws IllegalArgumentException if the timeout is negative
     */
    public boolean drain(Duration timeout) {
        Drain begun = beginDrain(timeout);
        return begun == null || begun.await();
    }

    private @Nullable Drain beginDrain(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "The drain timeout is %s; it must be zero or more",
                            Setting.DRAIN_TIMEOUT.format(timeout)));
        }
        lifecycle.lock();
        try {
            ServerRun run = runs.current();
            if (run == null || state == EchoServerState.FAILED) {
                return null;
            }
            Drain begun = drain;
            if (begun == null) {
                begun = new Drain(run, () -> statistics().active(), timeout);
                drain = begun;
                changeState(EchoServerState.DRAINING);
            } else {
                begun.shorten(timeout);
            }
            return begun;
        } finally {
            lifecycle.unlock();
        }
    }

    /**
     * Cuts the remaining connections, closes selectors and sockets, and waits for the threads to
     * end.
     */
    public void stop() {
        lifecycle.lock();
        try {
            stop(runs.current());
        } finally {
            lifecycle.unlock();
        }
    }

    /** Stops the given run, but not one that was started since. */
    private void stop(@Nullable ServerRun run) {
        lifecycle.lock();
        try {
            if (run == null || run != runs.current()) {
                return;
            }
            end(run);
            EchoServerStatistics totals = statistics();
            log.info(
                    "Echo server stopped: connections accepted {}, rejected {}, cut {}, bytes"
                            + " received {}, sent {}",
                    totals.accepted(),
                    totals.rejectedTotal(),
                    totals.closed().get(CloseReason.DRAIN_TIMEOUT),
                    totals.bytesReceived(),
                    totals.bytesSent());
        } finally {
            lifecycle.unlock();
        }
    }

    /** Ends a run, whatever fails meanwhile. */
    private void end(ServerRun run) {
        try {
            run.stop();
        } finally {
            try {
                if (accessLog != null) {
                    accessLog.stop();
                }
            } finally {
                runEnded();
            }
        }
    }

    private void runEnded() {
        transition.lock();
        try {
            peakOfPastRuns = peakConnections();
            runs = runs.ended();
            drain = null;
            if (stalled) {
                changeStall(false);
            }
            changeState(EchoServerState.STOPPED);
        } finally {
            transition.unlock();
        }
    }

    /**
     * Drains and stops the server in the background. When this method returns, the drain has begun.
     * If the server is stopped and started again in the meantime, the new run is not stopped.
     *
     * @param timeout the maximum duration of the drain, zero or more
     * @return a future that completes when the server has stopped
     * @throws IllegalArgumentException if the timeout is negative
     */
    public CompletableFuture<Void> shutdown(Duration timeout) {
        lifecycle.lock();
        try {
            ServerRun run = runs.current();
            Drain begun = beginDrain(timeout);
            return CompletableFuture.runAsync(
                    () -> {
                        if (begun != null) {
                            begun.await();
                        }
                        stop(run);
                    },
                    task -> Thread.ofPlatform().name("echo-server-shutdown").start(task));
        } finally {
            lifecycle.unlock();
        }
    }

    /** Drains the server for at most the configured drain timeout, then stops it. */
    @Override
    public void close() {
        drain(config.drainTimeout());
        stop();
    }

    /**
     * Called on the dying loop's thread. It must not take the lifecycle lock, because the holder
     * may be waiting for this thread to end.
     */
    private void runDied(ServerRun run, Throwable cause) {
        transition.lock();
        try {
            if (run == runs.current()) {
                failure = cause;
                changeState(EchoServerState.FAILED);
            }
        } finally {
            transition.unlock();
        }
    }

    private void runStallChanged(ServerRun run, boolean stalled) {
        transition.lock();
        try {
            if (run == runs.current()) {
                changeStall(stalled);
            }
        } finally {
            transition.unlock();
        }
    }

    private void changeStall(boolean stalled) {
        this.stalled = stalled;
        for (EchoServerListener listener : listeners) {
            try {
                listener.stallChanged(this, stalled);
            } catch (RuntimeException e) {
                log.error("A listener failed to handle the stall of an event loop", e);
            }
        }
    }

    private void changeState(EchoServerState next) {
        transition.lock();
        try {
            // A loop may die at any time, even while the server is starting or draining. Only a
            // stop ends the FAILED state.
            boolean overtaken =
                    state == EchoServerState.FAILED
                            && next != EchoServerState.FAILED
                            && next != EchoServerState.STOPPED;
            if (!overtaken) {
                state = next;
                notifyListener();
            }
        } finally {
            transition.unlock();
        }
    }

    /**
     * Notifies the listeners of the state unless they know it. If memory runs out meanwhile, the
     * next call notifies them again.
     */
    private void notifyListener() {
        EchoServerState current = state;
        if (notified == current) {
            return;
        }
        for (EchoServerListener listener : listeners) {
            notify(listener, current);
        }
        notified = current;
    }

    private void notify(EchoServerListener listener, EchoServerState current) {
        try {
            listener.stateChanged(this, current);
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (RuntimeException | Error e) {
            log.error("A listener failed to handle the change of state to {}", current, e);
        }
    }

    /**
     * Adds a listener for state changes. If the server is not stopped, the listener is notified of
     * the current state at once.
     *
     * @param listener the listener; if it is added twice, it is notified twice
     */
    public void addListener(EchoServerListener listener) {
        transition.lock();
        try {
            listeners.add(listener);
            if (notified != EchoServerState.STOPPED) {
                notify(listener, notified);
            }
        } finally {
            transition.unlock();
        }
    }

    /**
     * Returns the state of the server.
     *
     * @return the current state
     */
    public EchoServerState state() {
        return state;
    }

    /**
     * Returns the configuration.
     *
     * @return the configuration as given
     */
    public EchoServerConfig config() {
        return config;
    }

    /**
     * Returns the address of the listener {@link EchoServerConfig#DEFAULT_LISTENER} in the current
     * or the last run.
     *
     * @return the bound address with the actual port
     * @throws IllegalStateException if the server has never been started
     */
    public InetSocketAddress localAddress() {
        return localAddresses().firstEntry().getValue();
    }

    /**
     * Returns the address of each listener in the current or the last run.
     *
     * @return the bound addresses with the actual ports, by listener name
     * @throws IllegalStateException if the server has never been started
     */
    public SequencedMap<String, InetSocketAddress> localAddresses() {
        SequencedMap<String, InetSocketAddress> bound = localAddresses;
        if (bound == null) {
            throw new IllegalStateException("The echo server has not been started");
        }
        return bound;
    }

    /**
     * Returns the maximum number of open connections: as configured, or lower if the descriptor
     * limit required it at the last start.
     *
     * @return the limit in force
     */
    public int maxConnections() {
        return maxConnections;
    }

    /**
     * Returns the peak number of open connections since the server was created.
     *
     * @return the peak over all listeners; restarts do not reset it
     */
    public int peakConnections() {
        ServerRun run = runs.current();
        return run == null ? peakOfPastRuns : Math.max(peakOfPastRuns, run.peakConnections());
    }

    /**
     * Returns the number of access log lines that were dropped because the writer fell behind.
     *
     * @return the number of dropped lines since the server was created; 0 without an access log
     */
    public long accessLogDropped() {
        return accessLog == null ? 0 : accessLog.dropped();
    }

    /**
     * Returns the time since the last start.
     *
     * @return the uptime; zero if the server is stopped
     */
    public Duration uptime() {
        return runs.current() == null
                ? Duration.ZERO
                : Duration.ofNanos(System.nanoTime() - startedAt);
    }

    /**
     * Returns the statistics of the server.
     *
     * @return a snapshot over all loops and listeners
     */
    public EchoServerStatistics statistics() {
        return LoopStatistics.total(statisticsByLoop());
    }

    /**
     * Returns the statistics of each event loop.
     *
     * @return a snapshot for each loop, ordered by loop number
     */
    public List<LoopStatistics> statisticsByLoop() {
        return runs.statistics();
    }

    /**
     * Returns the statistics of each listener.
     *
     * @return a snapshot for each listener, by listener name
     */
    public SequencedMap<String, EchoServerStatistics> statisticsByListener() {
        var byListener = new LinkedHashMap<String, EchoServerStatistics>();
        config.listeners()
                .keySet()
                .forEach(name -> byListener.put(name, EchoServerStatistics.sum(List.of())));
        byListener.putAll(LoopStatistics.merged(statisticsByLoop()));
        return byListener;
    }

    /**
     * Returns the progress of the drain.
     *
     * @return the progress; empty if the server is not draining
     */
    public Optional<DrainProgress> drainProgress() {
        return Optional.ofNullable(drain).map(Drain::progress);
    }

    /**
     * Returns the reason why the server failed.
     *
     * @return the exception that ended an event loop; empty after the server is started again
     */
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /**
     * Returns whether an event loop has made no progress for about two seconds. It may recover.
     *
     * @return true while a loop is stuck
     */
    public boolean stalled() {
        return stalled;
    }

    /**
     * Returns the first open connections of an order. Each loop answers between two turns.
     *
     * @param order the order
     * @param limit the maximum number of connections to return, 0 or more
     * @return a future that completes with the ordered list, without the connections of loops that
     *     have ended; completes exceptionally if a loop fails to list its connections
     * @throws IllegalArgumentException if the limit is negative
     */
    public CompletableFuture<List<ConnectionInfo>> connections(ConnectionOrder order, int limit) {
        if (limit < 0) {
            throw new IllegalArgumentException("The limit is " + limit + "; it must be 0 or more");
        }
        ServerRun run = runs.current();
        return run == null
                ? CompletableFuture.completedFuture(List.of())
                : run.connections(order, limit);
    }

    /**
     * Returns the newest open connections, newest first.
     *
     * @param limit the maximum number of connections to return, 0 or more
     * @return as {@link #connections}
     * @throws IllegalArgumentException if the limit is negative
     */
    public CompletableFuture<List<ConnectionInfo>> newestConnections(int limit) {
        return connections(ConnectionOrder.NEWEST, limit);
    }

    /**
     * Returns the state and the listeners with their addresses: the bound ones, or the configured
     * ones if the server is stopped.
     *
     * @return such as {@code EchoServer[running, default=0.0.0.0:7777]}
     */
    @Override
    public String toString() {
        EchoServerState now = state;
        SequencedMap<String, InetSocketAddress> bound = localAddresses;
        var addresses = new LinkedHashMap<String, InetSocketAddress>();
        config.listeners()
                .forEach((name, listener) -> addresses.put(name, listener.socketAddress()));
        if (bound != null && now != EchoServerState.STOPPED) {
            addresses.putAll(bound);
        }
        return addresses.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + SocketAddresses.format(entry.getValue()))
                .collect(
                        Collectors.joining(
                                ", ",
                                "EchoServer[" + now.name().toLowerCase(Locale.ROOT) + ", ",
                                "]"));
    }
}
