package io.epollecho.server;

import io.epollecho.loop.EventLoop;
import io.epollecho.loop.Watchdog;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * One run of a server from start to stop: the loops, the listening sockets, the admission and the
 * watchdog. The next run uses none of its objects.
 */
final class ServerRun {

    private static final Logger log = LoggerFactory.getLogger(ServerRun.class);

    /**
     * The maximum time to wait for a loop to end. A loop ends within one turn; after this time it
     * is considered stuck.
     */
    private static final Duration LONGEST_TURN = Duration.ofSeconds(5);

    /** An observer of events in a run. */
    interface Observer {

        /**
         * Handles the death of a loop, which ends the run. Called on the dying loop's thread;
         * called again if memory runs out meanwhile.
         */
        void died(ServerRun run, Throwable cause);

        /**
         * Handles the event that a loop is stuck or that no loop is stuck any more. Called on the
         * watchdog's thread.
         */
        void stallChanged(ServerRun run, boolean stalled);
    }

    private final Observer observer;
    private final AtomicReference<@Nullable Throwable> death = new AtomicReference<>();
    private final List<ListeningSocket> sockets = new ArrayList<>();
    private final List<ServerLoop> loops = new ArrayList<>();
    private final Watchdog watchdog;

    /** Null if no listener uses TLS. */
    private final @Nullable Workers workers;

    private final Admission admission;
    private final int maxConnections;

    /**
     * Opens the listening sockets and the loops without starting any thread.
     *
     * @param config the configuration of the server
     * @param accessLog records closed connections; null without an access log
     * @param observer the observer of events in this run
     * @throws InvalidSettingException if no client could complete a TLS handshake
     * @throws BindFailedException if an address cannot be bound
     * @throws IOException if anything else fails; nothing is left open
     */
    ServerRun(EchoServerConfig config, @Nullable AccessLog accessLog, Observer observer)
            throws IOException {
        requireHandshakes(config);
        this.observer = observer;
        this.maxConnections = DescriptorLimit.lower(config.connections().max());
        this.workers = usesTls(config) ? new Workers(config.workerThreads()) : null;
        this.admission = new Admission(maxConnections, config.connections());
        try {
            for (String listener : config.listeners().keySet()) {
                sockets.add(new ListeningSocket(listener, config));
            }
            for (int i = 0; i < config.eventLoops(); i++) {
                loops.add(new ServerLoop(i, config, workers, accessLog, this::loopDied));
            }
            for (ListeningSocket socket : sockets) {
                loops.getFirst().add(new Acceptor(loops, socket, admission));
            }
            this.watchdog =
                    new Watchdog(
                            "echo-server-watchdog",
                            loops.stream().map(ServerLoop::eventLoop).toList(),
                            stalled -> observer.stallChanged(this, stalled));
        } catch (Throwable e) {
            stopLoops();
            throw e;
        }
    }

    /**
     * Requires that each listener with TLS can complete a handshake.
     *
     * @throws InvalidSettingException for the first that cannot
     */
    private static void requireHandshakes(EchoServerConfig config) {
        config.listeners()
                .forEach(
                        (name, listener) -> {
                            TlsConfig tls = listener.tls();
                            String failure = tls == null ? null : tls.handshakeFailure();
                            if (failure != null) {
                                throw new InvalidSettingException(
                                        name.equals(EchoServerConfig.DEFAULT_LISTENER)
                                                ? "tls"
                                                : "listeners." + name + ".tls",
                                        "set",
                                        "no client can complete a handshake with its engines: "
                                                + failure);
                            }
                        });
    }

    private static boolean usesTls(EchoServerConfig config) {
        return config.listeners().values().stream().anyMatch(listener -> listener.tls() != null);
    }

    void start() {
        loops.forEach(loop -> loop.eventLoop().start());
        watchdog.start();
    }

    /**
     * If one loop dies, stops them all; otherwise connections dealt to it would be lost. The dying
     * loop calls this method again if memory runs out meanwhile.
     */
    @SuppressWarnings("ReferenceEquality") // the same failure, reported again
    private void loopDied(Throwable cause) {
        death.compareAndSet(null, cause);
        if (death.get() == cause) {
            for (int i = 0; i < loops.size(); i++) {
                loops.get(i).eventLoop().stop();
            }
            observer.died(this, cause);
        }
    }

    /** Returns the bound addresses by listener name. */
    SequencedMap<String, InetSocketAddress> localAddresses() {
        var addresses = new LinkedHashMap<String, InetSocketAddress>();
        sockets.forEach(socket -> addresses.put(socket.listener(), socket.localAddress()));
        return addresses;
    }

    int maxConnections() {
        return maxConnections;
    }

    /** Returns the peak number of open connections during this run. */
    int peakConnections() {
        return admission.peak();
    }

    /**
     * Closes the listening sockets and ends the connections as they come to rest. May be called
     * again to bring the deadline forward, or in case a loop had no memory for an earlier call.
     *
     * @param deadline the {@link System#nanoTime()} at which the remaining connections are cut
     * @return a future that completes when no connection is left
     */
    CompletableFuture<Void> drain(long deadline) {
        CompletableFuture<Void> drained =
                CompletableFuture.allOf(
                        loops.stream().map(ServerLoop::drained).toArray(CompletableFuture[]::new));
        var _ = loops.getFirst().eventLoop().execute(() -> beginDrain(deadline));
        return drained;
    }

    /** Called on the first loop's thread. */
    private void beginDrain(long deadline) {
        try {
            loops.getFirst().closeAcceptors();
        } finally { // whatever fails, or the server would go on accepting
            sockets.forEach(ListeningSocket::close);
        }
        // By now every connection has been handed to its loop, so none arrives after the loop's
        // drain has begun.
        loops.forEach(loop -> loop.eventLoop().execute(() -> loop.drain(deadline)));
    }

    /** Returns the first connections of an order over all loops; a loop that has ended has none. */
    CompletableFuture<List<ConnectionInfo>> connections(ConnectionOrder order, int limit) {
        long now = System.nanoTime();
        List<CompletableFuture<List<ConnectionInfo>>> parts =
                loops.stream()
                        .map(loop -> ask(loop, asked -> asked.connections(order, limit, now)))
                        .toList();
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .thenApply(
                        all ->
                                parts.stream()
                                        .flatMap(part -> part.join().stream())
                                        .sorted(order.ofInfos())
                                        .limit(limit)
                                        .toList());
    }

    private static CompletableFuture<List<ConnectionInfo>> ask(
            ServerLoop loop, Function<ServerLoop, List<ConnectionInfo>> question) {
        CompletableFuture<List<ConnectionInfo>> answer =
                loop.eventLoop().submit(() -> question.apply(loop));
        return answer.exceptionallyCompose(
                cause ->
                        answer.isCancelled()
                                ? CompletableFuture.completedFuture(List.of())
                                : CompletableFuture.failedFuture(cause));
    }

    /** Returns the statistics of each loop for this run. */
    List<LoopStatistics> statistics() {
        return loops.stream().map(ServerLoop::statistics).toList();
    }

    /**
     * Cuts the connections that are still open and waits for the loops to end. Closes the listening
     * sockets even if a loop is stuck, so that the next run can listen on the same ports. (The
     * JDK's channels stay open until the stuck loop lets its selector close them.)
     */
    void stop() {
        watchdog.stop();
        stopLoops();
    }

    private void stopLoops() {
        List<EventLoop> stopping = loops.stream().map(ServerLoop::eventLoop).toList();
        stopping.forEach(EventLoop::stop);
        boolean interrupted = false;
        for (EventLoop loop : stopping) {
            interrupted |= join(loop);
        }
        sockets.forEach(ListeningSocket::close);
        if (workers != null) {
            workers.stop();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Waits for a loop to end, even if interrupted. Returns whether the waiting thread was
     * interrupted.
     */
    private static boolean join(EventLoop loop) {
        boolean interrupted = false;
        while (true) {
            try {
                if (!loop.join(LONGEST_TURN)) {
                    log.error(
                            "{} did not end in time and is abandoned at {}",
                            loop,
                            Arrays.toString(loop.stackTrace()));
                }
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }
}
