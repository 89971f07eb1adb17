package io.epollecho.spring.actuate;

import io.epollecho.server.BindFailedException;
import io.epollecho.server.ConnectionInfo;
import io.epollecho.server.DrainProgress;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.Setting;
import io.epollecho.server.SocketAddresses;
import io.epollecho.server.TlsInfo;
import io.epollecho.spring.actuate.EchoStatus.Bytes;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.convert.DurationStyle;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * The endpoint {@code echo}: what the server does, the connections it has, its graceful shutdown
 * and its start.
 *
 * <p>A host opens the operations that change something by {@code
 * management.endpoint.echo.access=unrestricted}.
 */
@Endpoint(id = EchoEndpoint.NAME, defaultAccess = Access.READ_ONLY)
public final class EchoEndpoint {

    static final String NAME = "echo";
    static final EndpointId ID = EndpointId.of(NAME);

    /** The selector's name, under which the request's arguments have it. */
    static final String PART = "part";

    private static final String CONNECTIONS = "connections";
    private static final String HISTORY = "history";
    private static final String LIMIT = "limit";
    private static final String SORT = "sort";
    private static final String NEWEST = "newest";
    private static final String BUSIEST = "busiest";
    private static final String SINCE = "since";
    private static final int DEFAULT_LIMIT = 100;
    private static final int LARGEST_LIMIT = 10_000;
    private static final Duration LOOP_PATIENCE = Duration.ofSeconds(5);

    private final EchoServer server;
    private final EchoServerHistory history;
    private final Duration loopPatience;

    /**
     * Speaks for a server.
     *
     * @param server the server
     * @param history the server's recent history
     */
    public EchoEndpoint(EchoServer server, EchoServerHistory history) {
        this(server, history, LOOP_PATIENCE);
    }

    EchoEndpoint(EchoServer server, EchoServerHistory history, Duration loopPatience) {
        this.server = server;
        this.history = history;
        this.loopPatience = loopPatience;
    }

    /** Live connections, newest or busiest first, and how many there are in all. */
    record ConnectionList(long active, List<Connection> connections)
            implements OperationResponseBody {}

    /**
     * @param peer its address; the one that the PROXY protocol's header names, if it names one
     * @param proxy the address of the proxy that has sent such a header; none otherwise
     * @param tls what TLS has negotiated; none in the clear and before the end of the handshake
     */
    record Connection(
            String listener,
            String peer,
            @Nullable String proxy,
            @Nullable TlsInfo tls,
            int loop,
            Duration age,
            Duration idle,
            Bytes bytes) {

        static Connection of(ConnectionInfo info) {
            return new Connection(
                    info.listener(),
                    SocketAddresses.format(info.peer()),
                    info.proxy() == null ? null : SocketAddresses.format(info.proxy()),
                    info.tls(),
                    info.loop(),
                    info.age(),
                    info.idle(),
                    new Bytes(info.bytesReceived(), info.bytesSent(), info.pendingBytes()));
        }
    }

    /**
     * The last seconds, oldest first, in columns.
     *
     * @param interval the time from point to point
     * @param time the ends of the intervals, in milliseconds since 1970
     * @param active connections that were open then
     * @param pending bytes that were pending then
     * @param accepted connections accepted per second
     * @param received bytes read from peers per second
     * @param sent bytes written to peers per second
     */
    record History(
            Duration interval,
            List<Long> time,
            List<Long> active,
            List<Long> pending,
            List<Double> accepted,
            List<Double> received,
            List<Double> sent)
            implements OperationResponseBody {

        static History of(List<EchoServerHistory.Point> points) {
            return new History(
                    EchoServerHistory.INTERVAL,
                    column(points, EchoServerHistory.Point::time),
                    column(points, EchoServerHistory.Point::active),
                    column(points, EchoServerHistory.Point::pending),
                    column(points, point -> point.rates().accepted()),
                    column(points, point -> point.rates().received()),
                    column(points, point -> point.rates().sent()));
        }

        private static <T> List<T> column(
                List<EchoServerHistory.Point> points, Function<EchoServerHistory.Point, T> figure) {
            return points.stream().map(figure).toList();
        }
    }

    @ReadOperation
    EchoStatus status() {
        return EchoStatus.of(server, history);
    }

    /**
     * One operation for both parts, because Spring Boot distinguishes operations by their paths
     * only.
     */
    @ReadOperation
    @Nullable OperationResponseBody part(
            @Selector String part,
            @Nullable String limit,
            @Nullable String sort,
            @Nullable String since)
            throws Exception {
        return switch (part) {
            case CONNECTIONS -> connections(limit, sort);
            case HISTORY -> history(since);
            default -> null; // not found
        };
    }

    /** Returns the parameters that a part takes; all of them if there is no such part. */
    static List<String> parametersOf(String part) {
        return switch (part) {
            case CONNECTIONS -> List.of(LIMIT, SORT);
            case HISTORY -> List.of(SINCE);
            default -> List.of(LIMIT, SORT, SINCE);
        };
    }

    private ConnectionList connections(@Nullable String limit, @Nullable String sort)
            throws Exception {
        int atMost = limit == null ? DEFAULT_LIMIT : parseLimit(limit);
        return new ConnectionList(
                server.statistics().active(),
                answer(
                        switch (sort == null ? NEWEST : sort) {
                            case NEWEST -> server.newestConnections(atMost);
                            case BUSIEST -> server.busiestConnections(atMost);
                            default ->
                                    throw RefusedRequestException.invalid(
                                            "sort is '%s': it must be %s or %s"
                                                    .formatted(sort, NEWEST, BUSIEST));
                        }));
    }

    private List<Connection> answer(CompletableFuture<List<ConnectionInfo>> connections)
            throws Exception {
        try {
            return connections.get(loopPatience.toMillis(), TimeUnit.MILLISECONDS).stream()
                    .map(Connection::of)
                    .toList();
        } catch (TimeoutException e) {
            throw RefusedRequestException.unavailable(
                    ("An event loop did not list its connections within %d ms: it is stuck or"
                                    + " overloaded")
                            .formatted(loopPatience.toMillis()));
        }
    }

    private History history(@Nullable String since) {
        return History.of(history.since(since == null ? Long.MIN_VALUE : parseSince(since)));
    }

    /** Drains and stops; the answer comes at once, and {@link #status} tells how far it is. */
    @DeleteOperation
    EchoStatus shutdown(@Nullable String timeout) {
        Duration drainTimeout =
                timeout == null ? server.config().drainTimeout() : parseTimeout(timeout);
        if (server.state() == EchoServerState.FAILED) {
            server.stop(); // at once: no connection is left to drain
            return status();
        }
        if (timeout != null) {
            requireNotLonger(timeout, drainTimeout);
        }
        var _ = server.shutdown(drainTimeout); // status() tells of it
        return status();
    }

    /** A longer timeout would change nothing: the connections have been given their time. */
    private void requireNotLonger(String timeout, Duration drainTimeout) {
        Optional<Duration> remaining = server.drainProgress().map(DrainProgress::remaining);
        if (remaining.isPresent() && drainTimeout.compareTo(remaining.get()) > 0) {
            throw RefusedRequestException.conflict(
                    ("timeout is '%s': a drain that has begun can only be shortened, and this one"
                                    + " has %d ms left")
                            .formatted(timeout, remaining.get().toMillis()));
        }
    }

    @WriteOperation
    EchoStatus start() {
        try {
            server.start();
        } catch (IllegalStateException e) {
            // Asked beforehand, the state could change until the start.
            throw RefusedRequestException.conflict(
                    "The echo server is draining: wait for its end, or DELETE with timeout=0s");
        } catch (BindFailedException e) {
            throw RefusedRequestException.conflict(String.valueOf(e.getMessage()));
        }
        return status();
    }

    private static int parseLimit(String limit) {
        try {
            int parsed = Integer.parseInt(limit);
            if (parsed >= 1 && parsed <= LARGEST_LIMIT) {
                return parsed;
            }
        } catch (NumberFormatException e) {
            // refused below, like a number out of range
        }
        throw RefusedRequestException.invalid(
                "limit is '%s': it must be a number, 1 to %d".formatted(limit, LARGEST_LIMIT));
    }

    private static long parseSince(String since) {
        try {
            return Long.parseLong(since);
        } catch (NumberFormatException e) {
            throw RefusedRequestException.invalid(
                    "since is '%s': it must be a number of milliseconds since 1970"
                            .formatted(since));
        }
    }

    /** Takes what the property {@code echo.server.shutdown.drain-timeout} takes. */
    private static Duration parseTimeout(String timeout) {
        try {
            return EchoServerConfig.builder()
                    .drainTimeout(DurationStyle.detectAndParse(timeout))
                    .build() // checks the range
                    .drainTimeout();
        } catch (IllegalArgumentException e) {
            throw RefusedRequestException.invalid(
                    "timeout is '%s': it must be a duration such as 20s or PT20S, %s"
                            .formatted(timeout, Setting.DRAIN_TIMEOUT.allowed()));
        }
    }
}
