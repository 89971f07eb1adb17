package io.epollecho.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** The event loops and the acceptor of one run of a server, from its start to its stop. */
final class EventLoopGroup {

    private static final Logger log = LoggerFactory.getLogger(EventLoopGroup.class);

    /**
     * A loop ends within a turn; one that takes longer is stuck, and waiting more would not help.
     */
    private static final Duration LONGEST_TURN = Duration.ofSeconds(5);

    private final List<EventLoop> loops = new ArrayList<>();
    private final Consumer<Throwable> onDeath;
    private final AtomicBoolean dead = new AtomicBoolean();
    private final Acceptor acceptor;
    private final Watchdog watchdog;
    private final InetSocketAddress localAddress;
    private final int backlog;
    private final int maxConnections;

    /**
     * Opens the loops and the listening socket, and starts.
     *
     * @param onDeath told once, on the dying loop's thread, if a loop dies; the whole group ends
     *     then
     * @param onStall told true when a loop is stuck, and false when none is any more
     * @throws BindFailedException if the address cannot be had
     * @throws IOException if anything else fails; nothing is left open
     */
    EventLoopGroup(
            EchoServerConfig config,
            List<LoopStatistics> statistics,
            Consumer<Throwable> onDeath,
            Consumer<Boolean> onStall)
            throws IOException {
        this.onDeath = onDeath;
        this.backlog = config.listeners().firstEntry().getValue().backlog();
        this.maxConnections = DescriptorLimit.lower(config.connections().max());
        var admission = new Admission(maxConnections, config.connections().maxPerAddress());
        ServerSocketChannel listener = config.selector().provider().openServerSocketChannel();
        try {
            var socketSetup = new SocketSetup(listener, config.socket());
            bind(listener, config.listeners().firstEntry().getValue());
            this.localAddress = (InetSocketAddress) listener.getLocalAddress();
            for (int i = 0; i < config.eventLoops(); i++) {
                loops.add(new EventLoop(i, config, statistics.get(i), admission, this::loopDied));
            }
            this.acceptor = new Acceptor(loops, listener, socketSetup, admission);
            this.watchdog = new Watchdog(loops, onStall);
            loops.forEach(EventLoop::start);
            watchdog.start();
        } catch (IOException | RuntimeException | Error e) {
            listener.close();
            stopLoops();
            throw e;
        }
    }

    private static void bind(ServerSocketChannel listener, ListenerConfig config) {
        InetSocketAddress address = config.socketAddress();
        try {
            listener.bind(address, config.backlog());
        } catch (IOException e) {
            throw new BindFailedException(address, e);
        }
    }

    /**
     * A group is whole or gone: with a loop missing, connections dealt to it would be lost one by
     * one.
     */
    private void loopDied(Throwable cause) {
        if (dead.compareAndSet(false, true)) {
            onDeath.accept(cause);
            loops.forEach(EventLoop::stop);
        }
    }

    InetSocketAddress localAddress() {
        return localAddress;
    }

    int maxConnections() {
        return maxConnections;
    }

    /**
     * Closes the listening socket and lets connections come to an end.
     *
     * @param deadline the {@link System#nanoTime()} from which on they are cut
     * @return completes when no connection is left
     */
    CompletableFuture<Void> drain(long deadline) {
        return closeListener()
                .thenCompose(
                        closed -> {
                            // Only now has every connection been handed to its loop, and none comes
                            // after its drain.
                            loops.forEach(loop -> loop.execute(() -> loop.drain(deadline)));
                            return CompletableFuture.allOf(
                                    loops.stream()
                                            .map(EventLoop::drained)
                                            .toArray(CompletableFuture[]::new));
                        });
    }

    private CompletableFuture<Void> closeListener() {
        return on(
                loops.getFirst(),
                done -> {
                    try {
                        acceptor.drain(backlog);
                    } catch (IOException e) {
                        log.warn("Cannot free the listening socket", e);
                    } finally {
                        done.complete(null);
                    }
                });
    }

    private static <T> CompletableFuture<T> on(
            EventLoop loop, Consumer<CompletableFuture<T>> task) {
        var future = new CompletableFuture<T>();
        if (!loop.execute(() -> task.accept(future))) {
            future.cancel(false);
        }
        return future;
    }

    /** The newest connections of each loop, at most so many in all. */
    CompletableFuture<List<ConnectionInfo>> newestConnections(int limit) {
        List<CompletableFuture<List<ConnectionInfo>>> parts =
                loops.stream()
                        .map(
                                loop ->
                                        EventLoopGroup.<List<ConnectionInfo>>on(
                                                        loop,
                                                        done ->
                                                                done.complete(
                                                                        loop.newestConnections(
                                                                                limit)))
                                                .exceptionally(ended -> List.of()))
                        .toList();
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .thenApply(
                        all ->
                                parts.stream()
                                        .flatMap(part -> part.join().stream())
                                        .sorted(Comparator.comparing(ConnectionInfo::age))
                                        .limit(limit)
                                        .toList());
    }

    /** Cuts what is still open and waits for the loops to end. */
    void stop() {
        watchdog.stop();
        stopLoops();
    }

    private void stopLoops() {
        loops.forEach(EventLoop::stop);
        boolean interrupted = false;
        for (EventLoop loop : loops) {
            interrupted |= join(loop);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns whether the waiting thread was interrupted; it waits on nevertheless. */
    private static boolean join(EventLoop loop) {
        boolean interrupted = false;
        while (true) {
            try {
                if (!loop.join(LONGEST_TURN)) {
                    log.error(
                            "{} does not end and is left behind at {}",
                            loop,
                            loop.thread().getStackTrace());
                }
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }
}
