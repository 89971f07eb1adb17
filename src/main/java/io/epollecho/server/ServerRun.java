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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * One run of a server, from its start to its stop: the loops, the listening sockets, the admission
 * and the watchdog. Nothing of it is used by the next run.
 */
final class ServerRun {

    private static final Logger log = LoggerFactory.getLogger(ServerRun.class);

    /**
     * A loop ends within a turn; one that takes longer is stuck, and waiting longer is pointless.
     */
    private static final Duration LONGEST_TURN = Duration.ofSeconds(5);

    /** Receives what happens to a run. */
    interface Observer {

        /** Takes note, once, on the dying loop's thread, that a loop died and the run with it. */
        void died(ServerRun run, Throwable cause);

        /** Takes note, on the watchdog's thread, that a loop is stuck or that none is any more. */
        void stallChanged(ServerRun run, boolean stalled);
    }

    private final Observer observer;
    private final AtomicBoolean dead = new AtomicBoolean();
    private final List<ListeningSocket> sockets = new ArrayList<>();
    private final List<ServerLoop> loops = new ArrayList<>();
    private final Watchdog watchdog;

    /** Null if no listener needs any. */
    private final @Nullable Workers workers;

    private final Admission admission;
    private final int maxConnections;

    /**
     * Opens the listening sockets and the loops; no thread runs yet.
     *
     * @param config the configuration of the server
     * @param accessLog receives the connections that close; null without an access log
     * @param observer receives what happens to this run
     * @throws BindFailedException if an address cannot be bound
     * @throws IOException if anything else fails; nothing is left open
     */
    ServerRun(EchoServerConfig config, @Nullable AccessLog accessLog, Observer observer)
            throws IOException {
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
        } catch (IOException | RuntimeException | Error e) {
            stopLoops();
            sockets.forEach(ListeningSocket::close);
            throw e;
        }
    }

    private static boolean usesTls(EchoServerConfig config) {
        return config.listeners().values().stream().anyMatch(listener -> listener.tls() != null);
    }

    void start() {
        loops.forEach(loop -> loop.eventLoop().start());
        watchdog.start();
    }

    /** Ends the other loops too: connections dealt to the missing one would be lost one by one. */
    private void loopDied(Throwable cause) {
        if (dead.compareAndSet(false, true)) {
            observer.died(this, cause);
            loops.forEach(loop -> loop.eventLoop().stop());
        }
    }

    /** Returns the bound addresses by the names of their listeners. */
    SequencedMap<String, InetSocketAddress> localAddresses() {
        var addresses = new LinkedHashMap<String, InetSocketAddress>();
        sockets.forEach(socket -> addresses.put(socket.listener(), socket.localAddress()));
        return addresses;
    }

    int maxConnections() {
        return maxConnections;
    }

    /** Returns the most connections that were open at once during this run. */
    int peakConnections() {
        return admission.peak();
    }

    /**
     * Closes the listening sockets and ends the connections as they come to rest. May be repeated
     * to bring the deadline forward.
     *
     * @param deadline the {@link System#nanoTime()} from which on they are cut
     * @return completes when no connection is left
     */
    CompletableFuture<Void> drain(long deadline) {
        ServerLoop first = loops.getFirst();
        return first.eventLoop()
                .submit(
                        () -> {
                            first.closeAcceptors();
                            return true;
                        })
                .thenCompose(
                        closed -> {
                            // Every connection has been handed to its loop by now, and none comes
                            // after its drain.
                            loops.forEach(
                                    loop -> loop.eventLoop().execute(() -> loop.drain(deadline)));
                            return CompletableFuture.allOf(
                                    loops.stream()
                                            .map(ServerLoop::drained)
                                            .toArray(CompletableFuture[]::new));
                        });
    }

    /** Returns the newest connections of all loops; a loop that has ended has none. */
    CompletableFuture<List<ConnectionInfo>> newestConnections(int limit) {
        return first(
                limit,
                Comparator.comparing(ConnectionInfo::age),
                loop -> loop.newestConnections(limit));
    }

    /** Returns the busiest connections of all loops; a loop that has ended has none. */
    CompletableFuture<List<ConnectionInfo>> busiestConnections(int limit) {
        return first(
                limit,
                Comparator.comparingLong(ConnectionInfo::bytesMoved).reversed(),
                loop -> loop.busiestConnections(limit));
    }

    private CompletableFuture<List<ConnectionInfo>> first(
            int limit,
            Comparator<ConnectionInfo> order,
            Function<ServerLoop, List<ConnectionInfo>> ofLoop) {
        List<CompletableFuture<List<ConnectionInfo>>> parts =
                loops.stream().map(loop -> ask(loop, ofLoop)).toList();
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .thenApply(
                        all ->
                                parts.stream()
                                        .flatMap(part -> part.join().stream())
                                        .sorted(order)
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

    /** Returns what each loop has counted during this run. */
    List<LoopStatistics> statistics() {
        return loops.stream().map(ServerLoop::statistics).toList();
    }

    /** Cuts the connections that are still open and waits for the loops to end. */
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
        if (workers != null) {
            workers.stop();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns whether the waiting thread was interrupted; it continues to wait nevertheless. */
    private static boolean join(EventLoop loop) {
        boolean interrupted = false;
        while (true) {
            try {
                if (!loop.join(LONGEST_TURN)) {
                    log.error(
                            "{} does not end and is left behind at {}",
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
