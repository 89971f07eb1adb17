package io.epollecho.server;

import io.epollecho.ProcessFigures;
import io.epollecho.epoll.EpollSelectorProvider;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;

/**
 * What happens to a server when memory is short at one point. Loaded by a {@link
 * MemoryShortage.Loader}, so that it uses the server with the points.
 */
public final class ShortageScenario {

    private static final int PATIENCE_MILLIS = 10_000;

    /** What a client and the server do while memory is short. */
    enum Path {
        ECHO("echo-server-0"),
        TWO_LOOPS("echo-server-"),
        RESET("echo-server-0"),
        IDLE("echo-server-0"),
        DRAIN("echo-server-0"),
        STOP("echo-server-0"),
        DEATH("echo-server-0"),
        WATCHDOG("echo-server-watchdog");

        final String threads;

        Path(String threads) {
            this.threads = threads;
        }
    }

    private final Path path;
    private final List<EchoServerState> states = new CopyOnWriteArrayList<>();
    private final List<Boolean> stalls = new CopyOnWriteArrayList<>();
    private final FaultyProvider provider =
            new FaultyProvider(EpollSelectorProvider.edgeTriggered());

    private ShortageScenario(Path path) {
        this.path = path;
    }

    /**
     * Returns a function that plays the scenario with the given point, and says what went wrong, or
     * "hit" if all went well, or "missed" if there are not as many points.
     */
    public static LongFunction<String> on(String path, long count) {
        return point -> {
            try {
                return new ShortageScenario(Path.valueOf(path)).play(point, count)
                        ? "hit"
                        : "missed";
            } catch (Exception | AssertionError e) {
                MemoryShortage.disarm();
                return "%s in line %d after a lack of memory in %s"
                        .formatted(e, lineOfPlay(e), MemoryShortage.places());
            }
        };
    }

    private static int lineOfPlay(Throwable e) {
        return Arrays.stream(e.getStackTrace())
                .filter(frame -> frame.getMethodName().equals("play"))
                .findFirst()
                .orElseThrow()
                .getLineNumber();
    }

    private boolean play(long point, long count) throws Exception {
        long descriptors = descriptors();
        boolean hit;
        try (EchoServer server = server()) {
            server.start();
            try (var bystander = new Socket(address(server), server.localAddress().getPort())) {
                bystander.setSoTimeout(PATIENCE_MILLIS);
                require(echoes(bystander) || idle(), "the first echo");
                MemoryShortage.arm(path.threads, point, count);
                act(server);
                hit = MemoryShortage.disarm();
                if (server.state() == EchoServerState.RUNNING) {
                    requireService(server, bystander);
                } else {
                    requireEnd(server, bystander);
                }
            }
        }
        await("no descriptor left open", () -> descriptors() <= descriptors);
        return hit;
    }

    private EchoServer server() {
        var config =
                EchoServerConfig.builder()
                        .address(InetAddress.getLoopbackAddress())
                        .port(0)
                        .eventLoops(path == Path.TWO_LOOPS ? 2 : 1)
                        .maxConnectionsPerAddress(2)
                        .accessLog(true)
                        .idleTimeout(path == Path.IDLE ? Duration.ofMillis(20) : Duration.ZERO)
                        .drainTimeout(Duration.ofMillis(100))
                        .lingerTimeout(Duration.ofMillis(20))
                        .selector(
                                path == Path.DEATH || path == Path.WATCHDOG
                                        ? SelectorBackend.of("faulty", provider)
                                        : SelectorBackend.epoll(TriggerMode.EDGE))
                        .build();
        return new EchoServer(
                config,
                new EchoServerListener() {
                    @Override
                    public void stateChanged(EchoServer server, EchoServerState state) {
                        states.add(state);
                    }

                    @Override
                    public void stallChanged(EchoServer server, boolean stalled) {
                        stalls.add(stalled);
                    }
                });
    }

    private void act(EchoServer server) throws Exception {
        switch (path) {
            case ECHO, TWO_LOOPS, RESET, IDLE -> {
                visit(server);
                await(
                        "the connection is over",
                        () ->
                                server.state() != EchoServerState.RUNNING
                                        || server.statistics().active() <= 1);
            }
            case DRAIN -> server.drain(Duration.ofMillis(100));
            case STOP -> server.stop();
            case DEATH -> {
                provider.selectors().getFirst().breakDown(new IllegalStateException("broken"));
                await("the server has failed", () -> server.state() == EchoServerState.FAILED);
            }
            case WATCHDOG -> {
                provider.selectors().getFirst().hold();
                await("the loop is stuck", () -> stalls.equals(List.of(true)));
                provider.selectors().getFirst().release();
                await("the loop makes progress", () -> stalls.equals(List.of(true, false)));
            }
        }
    }

    /** Connects, echoes and leaves. The server may close the connection at any time. */
    private void visit(EchoServer server) throws IOException {
        try (var socket = new Socket(address(server), server.localAddress().getPort())) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            echoes(socket);
            if (path == Path.IDLE) {
                int _ = socket.getInputStream().read();
            } else if (path == Path.RESET) {
                socket.setSoLinger(true, 0);
            } else {
                socket.shutdownOutput();
                int _ = socket.getInputStream().read();
            }
        } catch (SocketTimeoutException e) {
            throw e; // neither served nor closed
        } catch (SocketException e) {
            // reset or refused
        }
    }

    private static InetAddress address(EchoServer server) {
        return server.localAddress().getAddress();
    }

    /** Returns false if the server closes the connection. */
    private static boolean echoes(Socket socket) throws IOException {
        try {
            socket.getOutputStream().write('x');
            return socket.getInputStream().read() == 'x';
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (SocketException e) {
            return false;
        }
    }

    /** Requires that the server serves others, and that its counts are right. */
    private void requireService(EchoServer server, Socket bystander) throws IOException {
        if (!echoes(bystander)) {
            bystander.close();
        }
        long others = bystander.isClosed() ? 0 : 1;
        await("one connection at most", () -> server.statistics().active() == others || idle());
        for (int i = 0; i < 2; i++) {
            if (idle()) {
                // On a busy machine, a client may be idle for too long before its first byte.
                await("an echo for a late client", () -> serves(server));
            } else {
                require(serves(server), "an echo for a late client");
            }
            await("the late client is gone", () -> server.statistics().active() <= others);
        }
        require(!server.stalled(), "no loop is stuck");
        EchoServerStatistics now = server.statistics();
        long closed = now.closed().values().stream().mapToLong(Long::longValue).sum();
        require(now.accepted() == closed + now.active(), "every connection is counted once");
    }

    private static boolean serves(EchoServer server) {
        try (var late = new Socket(address(server), server.localAddress().getPort())) {
            late.setSoTimeout(PATIENCE_MILLIS);
            return echoes(late);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean idle() {
        return path == Path.IDLE;
    }

    /** Requires that nobody is left waiting, and that the listener knows. */
    private void requireEnd(EchoServer server, Socket bystander) throws Exception {
        await(
                "the listener knows that the server is " + server.state(),
                () -> states.getLast() == server.state());
        try {
            bystander.setSoTimeout(PATIENCE_MILLIS);
            while (bystander.getInputStream().read() >= 0) {}
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the bystander is left waiting", e);
        } catch (SocketException e) {
            // reset
        }
        if (server.state() == EchoServerState.FAILED) {
            require(server.failure().isPresent(), "a failure with a cause");
        }
    }

    private static long descriptors() {
        try {
            return ProcessFigures.ofThis().descriptors();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError("Expected: " + what);
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofMillis(PATIENCE_MILLIS).toNanos();
        while (!condition.getAsBoolean()) {
            require(System.nanoTime() < end, what);
            Thread.onSpinWait();
        }
    }

    /** Returns the paths by name. */
    public static List<String> paths() {
        var names = new ArrayList<String>();
        for (Path path : Path.values()) {
            names.add(path.name());
        }
        return names;
    }
}
