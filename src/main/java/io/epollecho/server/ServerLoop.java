package io.epollecho.server;

import io.epollecho.loop.EventLoop;
import io.epollecho.loop.RateLimitedLog;
import io.epollecho.loop.TimerWheel;
import io.epollecho.stream.BufferPool;
import io.epollecho.stream.SocketStream;
import io.epollecho.stream.TlsStream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * One event loop of a server, with the connections that live on it and what they share: the read
 * buffer, the pending buffers, the timeouts, the drain. The first loop has the acceptors as well.
 *
 * <p>Unless stated otherwise, methods are for the loop's own thread.
 */
final class ServerLoop implements EventLoop.Owner {

    private static final Logger log = LoggerFactory.getLogger(ServerLoop.class);

    private static final int SPARE_LAYER_BUFFERS = 16;

    private final int number;
    private final EventLoop loop;
    private final EchoServerConfig config;
    private final @Nullable AccessLog accessLog;
    private final Consumer<Throwable> onDeath;
    private final long idleTimeoutNanos;
    private final long writeTimeoutNanos;
    private final long lingerTimeoutNanos;
    private final ByteBuffer readBuffer;
    private final PendingBuffers pendingBuffers;

    /** Lends to the layers of connections. */
    private final BufferPool layerBuffers;

    /** Null if no listener needs any. */
    private final @Nullable Workers workers;

    /** Null if no listener greets. */
    private final @Nullable Identity identity;

    private final ConnectionRegistry connections = new ConnectionRegistry();
    private final List<Acceptor> acceptors = new ArrayList<>();
    private final SequencedMap<String, ListenerCounters> counters = new LinkedHashMap<>();
    private final CompletableFuture<Void> drained = new CompletableFuture<>();
    private final RateLimitedLog failureLog;
    private final RateLimitedLog pendingLog;
    private final Map<CloseReason, RateLimitedLog> layerLogs = new EnumMap<>(CloseReason.class);
    private long drainDeadline = TimerWheel.NEVER;

    /**
     * Opens a loop that is not started yet.
     *
     * @param number the number of the loop, from 0
     * @param config the configuration of the server
     * @param workers computes what would hold up the loop; null if no listener needs that
     * @param accessLog receives the connections that close; null without an access log
     * @param onDeath receives what the loop died of, on its thread
     * @throws IOException if no selector can be opened
     */
    ServerLoop(
            int number,
            EchoServerConfig config,
            @Nullable Workers workers,
            @Nullable AccessLog accessLog,
            Consumer<Throwable> onDeath)
            throws IOException {
        this.number = number;
        this.config = config;
        this.workers = workers;
        this.accessLog = accessLog;
        this.onDeath = onDeath;
        this.idleTimeoutNanos = config.connections().idleTimeout().toNanos();
        this.writeTimeoutNanos = config.connections().writeTimeout().toNanos();
        this.lingerTimeoutNanos = config.lingerTimeout().toNanos();
        this.readBuffer = ByteBuffer.allocateDirect(config.readBufferSize());
        long pendingLimit =
                Math.max(config.maxPending() / config.eventLoops(), config.readBufferSize());
        this.pendingBuffers = new PendingBuffers(pendingLimit);
        this.layerBuffers =
                new BufferPool(
                        TlsStream.BUFFER_SIZE,
                        SPARE_LAYER_BUFFERS,
                        pendingLimit,
                        this::layerBuffersExceedBudget);
        this.identity =
                config.listeners().values().stream()
                                .anyMatch(listener -> listener.greeting() != Greeting.NONE)
                        ? new Identity(System::getenv)
                        : null;
        config.listeners()
                .keySet()
                .forEach(listener -> counters.put(listener, new ListenerCounters(listener)));
        this.loop =
                new EventLoop(
                        "echo-server-" + number,
                        config.selector().provider(),
                        this,
                        config.busyPoll());
        this.failureLog = rateLimitedLog();
        this.pendingLog = rateLimitedLog();
    }

    /** Returns the loop itself, for any thread. */
    EventLoop eventLoop() {
        return loop;
    }

    // ---- connections --------------------------------------------------------------------------

    void add(Acceptor acceptor) {
        acceptors.add(acceptor);
    }

    /** Returns the counters that this loop keeps for a listener. */
    ListenerCounters counters(String listener) {
        return Objects.requireNonNull(counters.get(listener), listener);
    }

    /** Serves a channel that was admitted. */
    void adopt(SocketChannel channel, String listener, Admission.Ticket ticket) {
        assert loop.inLoop();
        ListenerCounters counters = counters(listener);
        ListenerConfig listenerConfig = config.listener(listener);
        try {
            Connection connection;
            if (listenerConfig.isPlain()) {
                var stream = new SocketStream(channel);
                connection = new Connection(this, stream, null, counters, ticket);
            } else {
                var layers = new Layers(channel, listenerConfig, layerBuffers);
                connection = new Connection(this, layers.top(), layers, counters, ticket);
            }
            connections.add(connection);
            counters.accepted.add(1);
            schedule(connection);
            if (draining()) {
                connection.drain();
            } else {
                connection.begin();
            }
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            ticket.close();
            reject(channel, listener, RejectReason.ERROR);
            log.debug("Cannot serve {}: {}", channel, e.toString());
        }
    }

    /** Closes a channel that is not served. */
    void reject(SocketChannel channel, String listener, RejectReason reason) {
        assert loop.inLoop();
        counters(listener).rejected(reason).add(1);
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("Cannot close {}: {}", channel, e.toString());
        }
    }

    /** Adds a connection that is about to close to the access log, if there is one. */
    void logAccess(Connection connection, CloseReason reason) {
        if (accessLog == null) {
            return;
        }
        try {
            accessLog.add(connection.info(number), reason);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            accessLog.drop();
        }
    }

    /** Removes a connection that has closed. */
    void closed(Connection connection) {
        assert loop.inLoop();
        connections.remove(connection);
        completeIfDrained();
    }

    /**
     * Keeps what a peer does not take now. If that exceeds the budget, the connections that have
     * been stalled the longest are closed, until an eighth of the budget is free.
     */
    ByteBuffer keep(Connection keeper, ByteBuffer rest) {
        if (missing(rest.remaining()) > 0) {
            long limit = pendingBuffers.limit();
            closeLongestStalled(keeper, Math.min(limit, rest.remaining() + limit / 8));
        }
        return pendingBuffers.keep(rest);
    }

    /** Returns by how much the budget is exceeded once so many bytes are kept; 0 if it is not. */
    private long missing(long bytes) {
        return pendingBuffers.missing(bytes + layerBuffers.borrowedBytes());
    }

    /** In the next turn, as the borrower is in the middle of its work. */
    private void layerBuffersExceedBudget() {
        loop.execute(
                () -> {
                    if (missing(0) > 0) {
                        closeLongestStalled(null, pendingBuffers.limit() / 8);
                    }
                });
    }

    /** Spares the connection that is in the middle of keeping bytes, if there is one. */
    private void closeLongestStalled(@Nullable Connection spared, long wanted) {
        pendingLog.log(
                others ->
                        log.warn(
                                "Pending bytes on {} reached {}, its share of {}: resetting the"
                                        + " connections stalled the longest{}",
                                loop,
                                pendingBuffers.limit(),
                                Setting.MAX_PENDING.key(),
                                others));
        List<Connection> stalled =
                connections.stream()
                        .filter(connection -> connection != spared)
                        .filter(Connection::holdsBuffers)
                        .sorted(Comparator.comparingLong(Connection::lastMoved))
                        .toList();
        for (Connection connection : stalled) {
            if (missing(wanted) == 0) {
                return;
            }
            connection.close(CloseReason.PENDING_LIMIT);
        }
    }

    void release(ByteBuffer buffer) {
        pendingBuffers.release(buffer);
    }

    /** Logs a defect that costs one connection; only the debug log names it. */
    void logFailure(Throwable cause) {
        failureLog.log(others -> log.error("A connection failed and was closed{}", others, cause));
    }

    /** Logs that a peer was refused by a layer, or for what a layer has found out about it. */
    void logRefusal(CloseReason reason, String listener, String text) {
        layerLogs
                .computeIfAbsent(reason, any -> rateLimitedLog())
                .log(
                        others ->
                                log.warn(
                                        "Connection to listener {} closed ({}): {}{}",
                                        listener,
                                        reason.label(),
                                        text,
                                        others));
    }

    /** Returns snapshots of the newest connections, at most as many as the limit. */
    List<ConnectionInfo> newestConnections(int limit) {
        return infos(connections.newest(limit));
    }

    /** Returns snapshots of the busiest connections, at most as many as the limit. */
    List<ConnectionInfo> busiestConnections(int limit) {
        return infos(connections.busiest(limit));
    }

    private List<ConnectionInfo> infos(List<Connection> listed) {
        assert loop.inLoop();
        var infos = new ArrayList<ConnectionInfo>();
        for (Connection connection : listed) {
            try {
                infos.add(connection.info(number));
            } catch (IOException e) {
                log.debug("Left out of the list: {}: {}", connection, e.toString());
            }
        }
        return infos;
    }

    // ---- services for connections -------------------------------------------------------------

    SelectionKey register(SelectableChannel channel, int interest, EventLoop.Handler handler)
            throws IOException {
        return loop.register(channel, interest, handler);
    }

    RateLimitedLog rateLimitedLog() {
        return new RateLimitedLog(loop.timers(), loop::now);
    }

    void schedule(TimerWheel.Timer timer) {
        loop.timers().schedule(timer);
    }

    void cancel(TimerWheel.Timer timer) {
        loop.timers().cancel(timer);
    }

    /** Returns the {@link System#nanoTime()} of this turn. */
    long now() {
        return loop.now();
    }

    ByteBuffer readBuffer() {
        return readBuffer;
    }

    /** Runs a task of a connection in the next turn. */
    void runLater(Runnable task) {
        loop.execute(task);
    }

    /**
     * Computes what a connection waits for on a worker thread.
     *
     * @param computation the computation
     * @param layers of the connection; once they are abandoned there is nothing to compute
     * @param done receives what the computation has thrown, or null, on the loop's thread
     */
    void compute(Runnable computation, Layers layers, Consumer<@Nullable Throwable> done) {
        Objects.requireNonNull(workers)
                .execute(
                        () -> {
                            Throwable failure = null;
                            try {
                                if (!layers.isAbandoned()) {
                                    computation.run();
                                }
                            } catch (Throwable e) {
                                failure = e;
                            }
                            Throwable thrown = failure;
                            loop.execute(() -> done.accept(thrown));
                        });
    }

    /** Returns the greeting of a connection. */
    byte[] greeting(Connection connection, InetSocketAddress local) throws IOException {
        return Objects.requireNonNull(identity).greeting(connection.info(number), local);
    }

    int readBudget() {
        return config.readBudget();
    }

    long idleTimeoutNanos() {
        return idleTimeoutNanos;
    }

    long writeTimeoutNanos() {
        return writeTimeoutNanos;
    }

    long lingerTimeoutNanos() {
        return lingerTimeoutNanos;
    }

    /** Returns when the drain ends; {@link TimerWheel#NEVER} while there is none. */
    long drainDeadline() {
        return drainDeadline;
    }

    // ---- drain --------------------------------------------------------------------------------

    /** Takes on what waits in the backlogs, and closes the listening sockets. */
    void closeAcceptors() {
        assert loop.inLoop();
        acceptors.forEach(Acceptor::drain);
        try {
            loop.flushClosed();
        } catch (IOException e) {
            log.warn("Cannot free the listening sockets", e);
        }
    }

    /**
     * Ends the connections as they come to rest, until the deadline. May be repeated to bring the
     * deadline forward.
     */
    void drain(long deadline) {
        assert loop.inLoop();
        drainDeadline = Math.min(drainDeadline, deadline);
        connections.forEach(Connection::drain);
        completeIfDrained();
    }

    private boolean draining() {
        return drainDeadline != TimerWheel.NEVER;
    }

    private void completeIfDrained() {
        if (draining() && connections.size() == 0) {
            drained.complete(null);
        }
    }

    /**
     * Completes when a drain has left no connection, or when the loop has ended. For any thread.
     */
    CompletableFuture<Void> drained() {
        return drained;
    }

    // ---- end of the loop ----------------------------------------------------------------------

    @Override
    public boolean closeUnselectable(IOException cause) {
        if (acceptors.stream().anyMatch(Acceptor::isDeregistered)) {
            return false; // without one of them the server would be deaf
        }
        int before = connections.size();
        connections.forEach(
                connection -> {
                    if (connection.isDeregistered()) {
                        connection.failed(new IllegalStateException("Cannot be selected", cause));
                    }
                });
        return connections.size() < before;
    }

    @Override
    public void closeAll(@Nullable Throwable cause) {
        acceptors.forEach(acceptor -> guarded(acceptor::close));
        CloseReason reason = cause == null ? CloseReason.DRAIN_TIMEOUT : CloseReason.ERROR;
        connections.forEach(connection -> guarded(() -> connection.close(reason)));
        failureLog.flush();
        pendingLog.flush();
        layerLogs.values().forEach(RateLimitedLog::flush);
    }

    /** A connection that cannot be closed must not keep the others open. */
    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            log.error("{} continues closing after a failure", loop, e);
        }
    }

    @Override
    public void ended(@Nullable Throwable cause) {
        drained.complete(null);
        if (cause != null) {
            onDeath.accept(cause);
        }
    }

    /** Returns what this loop has counted during this run. For any thread. */
    LoopStatistics statistics() {
        var byListener = new LinkedHashMap<String, EchoServerStatistics>();
        counters.forEach((name, counts) -> byListener.put(name, EchoServerStatistics.of(counts)));
        return new LoopStatistics(
                byListener,
                loop.selectorRebuilds(),
                Duration.ofNanos(loop.busyNanos()),
                Duration.ofNanos(loop.pollingNanos()));
    }
}
