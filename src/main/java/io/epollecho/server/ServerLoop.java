package io.epollecho.server;

import io.epollecho.loop.EventLoop;
import io.epollecho.loop.RateLimitedLog;
import io.epollecho.loop.TimerWheel;
import io.epollecho.stream.BufferPool;
import io.epollecho.stream.MemoryBudget;
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
import java.util.function.Predicate;

/**
 * One event loop of a server with its connections and the state that they share: the read buffer,
 * the pending buffers, the timeouts and the drain. The first loop also has the acceptors.
 *
 * <p>Unless stated otherwise, methods must be called on the loop's thread.
 */
final class ServerLoop implements EventLoop.Owner {

    private static final Logger log = LoggerFactory.getLogger(ServerLoop.class);

    private static final int SPARE_LAYER_BUFFERS = 16;

    static {
        Closing.load();
    }

    private final int number;
    private final EventLoop loop;
    private final EchoServerConfig config;
    private final @Nullable AccessLog accessLog;
    private final Consumer<Throwable> onDeath;
    private final long idleTimeoutNanos;
    private final long writeTimeoutNanos;
    private final long lingerTimeoutNanos;
    private final ByteBuffer readBuffer;

    /** The memory that the peers of this loop may make the server keep. */
    private final MemoryBudget budget;

    private final PendingBuffers pendingBuffers;

    /** Lends buffers to the layers of connections. */
    private final BufferPool layerBuffers;

    /** Null if no listener uses TLS. */
    private final @Nullable Workers workers;

    /** Null if no listener sends a greeting. */
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
     * Opens a loop without starting it.
     *
     * @param number the index of the loop, starting at 0
     * @param config the configuration of the server
     * @param workers the threads for computations that would block the loop; null if no listener
     *     uses TLS
     * @param accessLog records closed connections; null without an access log
     * @param onDeath receives the exception that ended the loop, on the loop's thread
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
        this.budget = new MemoryBudget(share(config), this::reclaim);
        this.pendingBuffers = new PendingBuffers(budget);
        this.layerBuffers = new BufferPool(TlsStream.BUFFER_SIZE, SPARE_LAYER_BUFFERS);
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
        try {
            this.failureLog = rateLimitedLog();
            this.pendingLog = rateLimitedLog();
        } catch (Throwable e) {
            loop.close();
            throw e;
        }
    }

    /**
     * Returns a loop's share of the budget: at least as much as a single connection may need, so
     * that each peer can be served once the others are closed.
     */
    private static long share(EchoServerConfig config) {
        long single = config.readBufferSize();
        boolean tls = false;
        boolean greeting = false;
        for (ListenerConfig listener : config.listeners().values()) {
            tls |= listener.tls() != null;
            greeting |= listener.greeting() != Greeting.NONE;
        }
        single = Math.max(single, greeting ? Identity.LONGEST : 0);
        single += tls ? TlsStream.MEMORY_LIMIT : 0;
        return Math.max(config.maxPending() / config.eventLoops(), single);
    }

    /** Returns the underlying event loop. Thread-safe. */
    EventLoop eventLoop() {
        return loop;
    }

    // ---- connections --------------------------------------------------------------------------

    void add(Acceptor acceptor) {
        acceptors.add(acceptor);
    }

    /** Returns this loop's counters for a listener. */
    ListenerCounters counters(String listener) {
        return Objects.requireNonNull(counters.get(listener), listener);
    }

    /** Serves an admitted channel, or closes it. Throws nothing: the channel has an owner. */
    void adopt(SocketChannel channel, String listener, Admission.Ticket ticket) {
        Connection connection;
        try {
            connection = register(channel, listener, ticket);
        } catch (IOException | RuntimeException | Error e) {
            ticket.close();
            reject(channel, listener, RejectReason.ERROR);
            return;
        }
        if (draining()) {
            drain(connection);
        } else {
            connection.begin();
        }
    }

    private Connection register(SocketChannel channel, String listener, Admission.Ticket ticket)
            throws IOException {
        assert loop.inLoop();
        ListenerCounters counters = counters(listener);
        ListenerConfig listenerConfig = config.listener(listener);
        Connection connection;
        if (listenerConfig.isPlain()) {
            var stream = new SocketStream(channel);
            connection = new Connection(this, stream, null, counters, ticket);
        } else {
            var layers = new Layers(channel, listenerConfig, layerBuffers, budget);
            connection = new Connection(this, layers.top(), layers, counters, ticket);
        }
        schedule(connection);
        connections.add(connection);
        counters.accepted.add(1);
        return connection;
    }

    /** Closes a channel that will not be served. */
    void reject(SocketChannel channel, String listener, RejectReason reason) {
        try {
            counters(listener).rejected(reason).add(1); // before the peer can see the refusal
        } finally {
            Closing.close(channel);
        }
    }

    /** Adds a connection that is about to close to the access log, if enabled. */
    void logAccess(Connection connection, CloseReason reason) {
        if (accessLog == null) {
            return;
        }
        try {
            accessLog.add(connection.info(number, now()), reason);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            accessLog.drop();
        }
    }

    /** Removes a connection that has closed. */
    void closed(Connection connection) {
        connections.remove(connection);
        completeIfDrained();
    }

    /** Keeps bytes that a peer does not accept now. */
    ByteBuffer keep(Connection keeper, ByteBuffer rest) {
        if (budget.missing(rest.remaining()) > 0) {
            reclaim(keeper::equals, rest.remaining());
        }
        return pendingBuffers.keep(rest);
    }

    private void reclaim(MemoryBudget.Account borrower, long bytes) {
        reclaim(connection -> connection.isCharged(borrower), bytes);
    }

    /**
     * Closes the connections stalled the longest, except the one that is about to keep bytes, until
     * these bytes fit into the budget and an eighth of it is free, so that the next ones fit too.
     * This is the only place where the budget is enforced.
     */
    private void reclaim(Predicate<Connection> spared, long bytes) {
        pendingLog.log(
                others ->
                        log.warn(
                                "Bytes kept for peers on {} reached {}, its share of {}: resetting"
                                        + " the connections stalled the longest{}",
                                loop,
                                budget.limit(),
                                Setting.MAX_PENDING.key(),
                                others));
        long wanted = Math.min(budget.limit(), bytes + budget.limit() / 8);
        List<Connection> stalled =
                connections.stream()
                        .filter(Predicate.not(spared))
                        .filter(Connection::isCharged)
                        .sorted(Comparator.comparingLong(Connection::lastMoved))
                        .toList();
        for (Connection connection : stalled) {
            if (budget.missing(wanted) == 0) {
                return;
            }
            connection.close(CloseReason.PENDING_LIMIT);
        }
    }

    void release(ByteBuffer buffer) {
        pendingBuffers.release(buffer);
    }

    /** Logs a defect that closed one connection. */
    void logFailure(Throwable cause) {
        failureLog.log(others -> log.error("A connection failed and was closed{}", others, cause));
    }

    /** Logs that a peer was refused by a layer or because of information from a layer. */
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

    /**
     * Returns snapshots of the first connections of an order, at most {@code limit}.
     *
     * @param now the {@link System#nanoTime()} at which the loops are asked, the same for all of
     *     them, so that the times of their connections can be compared
     */
    List<ConnectionInfo> connections(ConnectionOrder order, int limit, long now) {
        return infos(connections.first(order, limit), now);
    }

    private List<ConnectionInfo> infos(List<Connection> listed, long now) {
        assert loop.inLoop();
        var infos = new ArrayList<ConnectionInfo>();
        for (Connection connection : listed) {
            try {
                infos.add(connection.info(number, now));
            } catch (IOException e) {
                log.debug("Connection omitted from the list: {}: {}", connection, e.toString());
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

    /** Returns the {@link System#nanoTime()} of the current turn. */
    long now() {
        return loop.now();
    }

    ByteBuffer readBuffer() {
        return readBuffer;
    }

    /** Runs a connection's task in the next turn. */
    void runLater(Runnable task) {
        loop.execute(task);
    }

    /**
     * Runs a computation for a connection on a worker thread.
     *
     * @param computation the computation to run
     * @param layers the layers of the connection; if they are abandoned, the computation is skipped
     * @param done receives the exception thrown by the computation, or null, on the loop's thread
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
        return Objects.requireNonNull(identity).greeting(connection.info(number, now()), local);
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

    /** Returns the deadline of the drain; {@link TimerWheel#NEVER} if there is no drain. */
    long drainDeadline() {
        return drainDeadline;
    }

    // ---- drain --------------------------------------------------------------------------------

    /** Accepts the connections that wait in the backlogs, then closes the listening sockets. */
    void closeAcceptors() {
        assert loop.inLoop();
        for (Acceptor acceptor : acceptors) {
            try {
                acceptor.drain();
            } catch (RuntimeException | Error e) {
                log.error("Connections left in a backlog are lost", e);
            }
        }
        try {
            loop.flushClosed();
        } catch (IOException | RuntimeException e) {
            log.warn("Cannot deregister the listening sockets", e);
        }
    }

    /**
     * Ends the connections as they come to rest, at the latest by the deadline. May be called again
     * to bring the deadline forward.
     */
    void drain(long deadline) {
        assert loop.inLoop();
        drainDeadline = Math.min(drainDeadline, deadline);
        connections.forEach(this::drain);
        completeIfDrained();
    }

    /** Drains a connection. If that fails, the other connections are drained nevertheless. */
    private void drain(Connection connection) {
        try {
            connection.drain();
        } catch (RuntimeException | Error e) {
            logFailure(e);
        }
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
     * Returns a future that completes when the drain has left no connection or the loop has ended.
     * Thread-safe.
     */
    CompletableFuture<Void> drained() {
        return drained;
    }

    // ---- end of the loop ----------------------------------------------------------------------

    @Override
    public boolean closeUnselectable(IOException cause) {
        if (acceptors.stream().anyMatch(Acceptor::isDeregistered)) {
            return false; // a server with a dead listener must fail
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
        OutOfMemoryError shortage = null;
        for (int i = 0; i < acceptors.size(); i++) {
            try {
                acceptors.get(i).close();
            } catch (OutOfMemoryError e) {
                shortage = e;
            } catch (RuntimeException | Error e) {
                log.error("Cannot close a listening socket of {}; closing continues", loop, e);
            }
        }
        CloseReason reason = cause == null ? CloseReason.DRAIN_TIMEOUT : CloseReason.ERROR;
        for (int i = connections.size() - 1; i >= 0; i--) {
            try {
                connections.get(i).close(reason);
            } catch (OutOfMemoryError e) {
                shortage = e;
            } catch (RuntimeException | Error e) {
                log.error("Cannot close a connection of {}; closing continues", loop, e);
            }
        }
        if (shortage != null) {
            throw shortage; // and the loop calls again
        }
        flushLogs();
    }

    private void flushLogs() {
        acceptors.forEach(Acceptor::flushLogs);
        failureLog.flush();
        pendingLog.flush();
        layerLogs.values().forEach(RateLimitedLog::flush);
    }

    @Override
    public void ended(@Nullable Throwable cause) {
        drained.complete(null);
        if (cause != null) {
            onDeath.accept(cause);
        }
    }

    /** Returns the statistics of this loop for this run. Thread-safe. */
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
