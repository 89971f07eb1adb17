package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Strace;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Faults injected into system calls of the event loop while bystanders keep echoing. No bystander
 * loses a byte, the loop survives, and the affected connection ends in a defined way or is only
 * delayed.
 */
@Timeout(120)
@ExtendWith(OwnThreads.class)
@Tag("slow")
class SystemCallFaultsTest {

    private static final String LOOP = "echo-server-0";
    private static final int BYSTANDERS = 4;
    private static final @Nullable String ANY_SOCKET = null;
    private static final AtomicLong SEEDS = new AtomicLong();

    static Stream<Arguments> acceptFaults() {
        return cells(
                "EMFILE",
                "ENFILE",
                "ENOBUFS",
                "ENOMEM",
                "ECONNABORTED",
                "EPROTO",
                "EPERM",
                "EINTR");
    }

    /** For any error, the server retries and refuses no connection. */
    @ParameterizedTest
    @MethodSource("acceptFaults")
    void acceptIsRetried(Backend backend, String error) throws IOException {
        try (EchoServer server = start(backend);
                var bystanders = new Bystanders(server);
                Strace _ = inject("accept,accept4", error, "1..2", ANY_SOCKET);
                Peer late = connect(server)) {
            late.echo(1_000);
            bystanders.check();
            assertThat(server.statistics().acceptErrors())
                    .isEqualTo(retriedImmediately(backend, error) ? 0 : 2);
        }
    }

    /** All errors, except those that the JDK's channels themselves retry forever. */
    static Stream<Arguments> lastingAcceptFaults() {
        return acceptFaults()
                .filter(
                        cell -> {
                            var backend = (Backend) cell.get()[0];
                            String error = String.valueOf(cell.get()[1]);
                            return backend != Backend.JDK_LEVEL
                                    || !retriedImmediately(backend, error);
                        });
    }

    /** An error that does not end costs other connections nothing, whatever it is. */
    @ParameterizedTest
    @MethodSource("lastingAcceptFaults")
    void acceptThatKeepsFailingHoldsUpNoOtherConnection(Backend backend, String error)
            throws IOException {
        try (EchoServer server = start(backend);
                var bystanders = new Bystanders(server)) {
            try (Strace _ = inject("accept,accept4", error, "1+", ANY_SOCKET);
                    Peer _ = connect(server)) {
                await().until(() -> server.statistics().acceptErrors() > 1);
                bystanders.check();
            }
            try (Peer late = connect(server)) {
                late.echo(1_000);
            }
        }
    }

    /**
     * Returns whether the selector provider retries the call itself, because the error does not
     * concern the listening socket; see accept(2).
     */
    private static boolean retriedImmediately(Backend backend, String error) {
        return switch (error) {
            case "EINTR", "ECONNABORTED" -> true;
            case "EPROTO" -> backend != Backend.JDK_LEVEL;
            default -> false;
        };
    }

    static Stream<Arguments> transientFaults() {
        return Stream.concat(
                cells("EINTR").map(cell -> with(cell, "read,recvfrom")),
                cells("EINTR", "EAGAIN").map(cell -> with(cell, "write,sendto")));
    }

    @ParameterizedTest
    @MethodSource("transientFaults")
    void transientFaultIsHarmless(Backend backend, String error, String calls) throws IOException {
        try (EchoServer server = start(backend);
                var bystanders = new Bystanders(server);
                Peer hit = connect(server)) {
            hit.echo(1_000);
            try (Strace _ = inject(calls, error, "1..2", serverSideOf(server, hit))) {
                hit.echo(1_000);
            }
            hit.echo(1_000);
            bystanders.check();
        }
    }

    static Stream<Arguments> fatalFaults() {
        return Stream.concat(
                cells("ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENOMEM", "EIO")
                        .map(cell -> with(cell, "read,recvfrom")),
                cells("EPIPE", "ECONNRESET", "ENOBUFS", "ENOMEM", "EHOSTUNREACH")
                        .map(cell -> with(cell, "write,sendto")));
    }

    @ParameterizedTest
    @MethodSource("fatalFaults")
    void brokenConnectionIsReset(Backend backend, String error, String calls) throws IOException {
        try (EchoServer server = start(backend);
                var bystanders = new Bystanders(server);
                Peer hit = connect(server)) {
            hit.echo(1_000);
            try (Strace _ = inject(calls, error, "1", serverSideOf(server, hit))) {
                hit.send(1_000);
                hit.receiveToReset();
            }
            Servers.awaitClosed(server, CloseReason.RESET, 1);
            bystanders.check();
        }
    }

    static Stream<Arguments> registrationFaults() {
        return cells("ENOMEM", "ENOSPC", "EPERM");
    }

    /** The JDK's selector ignores the result, so there the connection remains silent. */
    @ParameterizedTest
    @MethodSource("registrationFaults")
    void failedRegistrationHarmsNoOtherConnection(Backend backend, String error)
            throws IOException {
        try (EchoServer server = start(backend);
                var bystanders = new Bystanders(server)) {
            try (Strace _ = inject("epoll_ctl", error, "1", ANY_SOCKET);
                    Peer hit = connect(server)) {
                await().until(() -> server.statistics().accepted() == BYSTANDERS + 1);
                if (backend != Backend.JDK_LEVEL) {
                    hit.receiveToReset();
                    Servers.awaitClosed(server, CloseReason.ERROR, 1);
                }
                bystanders.check();
            }
            try (Peer next = connect(server)) {
                next.echo(1_000);
            }
        }
    }

    /** Peers that echo continuously, each on its own thread. */
    private static final class Bystanders implements AutoCloseable {

        private final List<Peer> peers = new ArrayList<>();
        private final List<Future<Void>> work = new ArrayList<>();
        private final AtomicLong echoes = new AtomicLong();
        private volatile boolean done;

        Bystanders(EchoServer server) throws IOException {
            for (int i = 0; i < BYSTANDERS; i++) {
                Peer peer = connect(server);
                peers.add(peer);
                peer.echo(100);
                work.add(Background.run(() -> echo(peer)));
            }
        }

        private void echo(Peer peer) throws IOException {
            while (!done) {
                peer.echo(100);
                echoes.incrementAndGet();
            }
        }

        /** Checks that all bystanders still make progress and that none has failed. */
        void check() {
            long before = echoes.get();
            await().until(() -> echoes.get() >= before + 10 * BYSTANDERS);
            done = true;
            Background.joinAll(work);
        }

        @Override
        public void close() throws IOException {
            done = true;
            for (Peer peer : peers) {
                peer.close();
            }
        }
    }

    /**
     * Makes the loop's system calls fail: on the given socket or on any, at the given occurrences.
     */
    private static Strace inject(String calls, String error, String turns, @Nullable String socket)
            throws IOException {
        var options =
                new ArrayList<>(
                        List.of(
                                "-e",
                                "trace=" + calls,
                                "-e",
                                "inject=" + calls + ":error=" + error + ":when=" + turns));
        if (socket != null) {
            options.addAll(List.of("-P", socket));
        }
        return Strace.attach(OwnThreads.named(LOOP), options.toArray(String[]::new));
    }

    private static String serverSideOf(EchoServer server, Peer peer) throws IOException {
        return socket(server.localAddress().getPort(), peer.address().getPort());
    }

    /**
     * Returns the name of the socket with the given ports in /proc; see proc(5). The tenth column
     * is its inode.
     */
    private static String socket(int localPort, int remotePort) throws IOException {
        String ports = ".*:%04X [0-9A-F]+:%04X .*".formatted(localPort, remotePort);
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                if (line.matches(ports)) {
                    return "socket:[" + line.strip().split(" +", -1)[9] + "]";
                }
            }
        }
        throw new AssertionError("No socket from %d to %d".formatted(localPort, remotePort));
    }

    private static EchoServer start(Backend backend) {
        return EchoServer.start(backend.settings().drainTimeout(Duration.ZERO).build());
    }

    private static Peer connect(EchoServer server) throws IOException {
        return new Peer(SEEDS.incrementAndGet(), server.localAddress(), null, 0, 0);
    }

    private static Stream<Arguments> cells(String... errors) {
        return Arrays.stream(Backend.values())
                .flatMap(
                        backend ->
                                Arrays.stream(errors).map(error -> Arguments.of(backend, error)));
    }

    private static Arguments with(Arguments cell, String calls) {
        return Arguments.of(cell.get()[0], cell.get()[1], calls);
    }
}
