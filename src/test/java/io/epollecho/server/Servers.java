package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Future;

/** What tests ask servers and wait for. */
final class Servers {

    /** The time without traffic after which a drain considers a connection at rest. */
    static final Duration REST = Duration.ofSeconds(1);

    /** How long a forked process may hold a port: less than the server gives a stuck loop. */
    private static final Duration MOMENT = Duration.ofSeconds(2);

    private Servers() {}

    /** Returns the address of one listener. */
    static InetSocketAddress address(EchoServer server, String listener) {
        return Objects.requireNonNull(server.localAddresses().get(listener));
    }

    static long closed(EchoServer server, CloseReason reason) {
        return server.statistics().closed().getOrDefault(reason, 0L);
    }

    /** Checks how many connections have been closed for a reason until now. */
    static void assertClosed(EchoServer server, CloseReason reason, long count) {
        assertThat(closed(server, reason)).as("closed: %s", reason).isEqualTo(count);
    }

    /** Waits until a number of connections have been closed for a reason. */
    static void awaitClosed(EchoServer server, CloseReason reason, long count) {
        Background.await().untilAsserted(() -> assertClosed(server, reason, count));
    }

    static long rejected(EchoServer server, RejectReason reason) {
        return server.statistics().rejected().getOrDefault(reason, 0L);
    }

    /** Returns the number of peers that were refused because of the limit per address. */
    static long refusedByAddress(EchoServer server) {
        return rejected(server, RejectReason.ADDRESS_LIMIT)
                + closed(server, CloseReason.ADDRESS_LIMIT);
    }

    /**
     * Waits until nothing has moved on any connection for a second, so that a drain finds all of
     * them at rest.
     */
    static void awaitRest(EchoServer server, int connections) {
        Background.await()
                .untilAsserted(
                        () ->
                                assertThat(Background.get(server.newestConnections(connections)))
                                        .hasSize(connections)
                                        .extracting(ConnectionInfo::idle)
                                        .allMatch(idle -> idle.compareTo(REST) >= 0));
    }

    /** Waits until the given number of connections are open. */
    static void awaitActive(EchoServer server, long count) {
        Background.await()
                .untilAsserted(
                        () ->
                                assertThat(server.statistics().active())
                                        .as("open connections")
                                        .isEqualTo(count));
    }

    /** Starts a drain in the background and waits until it has begun. */
    static Future<Boolean> drain(EchoServer server, Duration timeout) {
        var drained = Background.call(() -> server.drain(timeout));
        Background.await()
                .until(
                        () -> {
                            if (drained.isCompletedExceptionally()) {
                                Background.join(drained);
                            }
                            return server.state() == EchoServerState.DRAINING;
                        });
        return drained;
    }

    /**
     * Starts a server on a port that was in use until now. While another test starts a process,
     * that process holds copies of all sockets for a moment, and their ports; see fork(2).
     * TIME_WAIT would last longer than this method waits.
     */
    static void startOnFreedPort(EchoServer server) {
        Background.await()
                .atMost(MOMENT)
                .ignoreException(BindFailedException.class)
                .until(() -> started(server));
    }

    private static boolean started(EchoServer server) {
        server.start();
        return true;
    }

    /** Waits until connections are refused, which takes a moment for the same reason. */
    static void awaitRefusal(ThrowingCallable connect) {
        Background.await()
                .atMost(MOMENT)
                .untilAsserted(
                        () ->
                                assertThatExceptionOfType(ConnectException.class)
                                        .isThrownBy(connect));
    }
}
