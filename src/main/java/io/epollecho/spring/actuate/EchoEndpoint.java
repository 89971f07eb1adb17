package io.epollecho.spring.actuate;

import io.epollecho.server.BindFailedException;
import io.epollecho.server.ConnectionInfo;
import io.epollecho.server.ConnectionOrder;
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
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * The endpoint {@code echo}. It shows the status of the server and its connections, shuts the
 * server down gracefully and starts it again.
 *
 * <p>Operations that change the server require {@code
 * management.endpoint.echo.access=unrestricted}.
 */
@Endpoint(id = EchoEndpoint.NAME, defaultAccess = Access.READ_ONLY)
public final class EchoEndpoint {

    static final String NAME = "echo";
    static final EndpointId ID = EndpointId.of(NAME);

    /** The name of the path selector among the arguments of a request. */
    static final String PART = "part";

    private static final String CONNECTIONS = "connections";
    private static final String HISTORY = "history";
    private static final String LIMIT = "limit";
    private static final String SORT = "sort";
    private static final String SINCE = "since";
    private static final int DEFAULT_LIMIT = 100;
    private static final int LARGEST_LIMIT = 10_000;
    private static final Duration LOOP_PATIENCE = Duration.ofSeconds(5);

    private final EchoServer server;
    private final EchoServerHistory history;
    private final Duration loopPatience;

    /**
     * Creates the endpoint of a server.
     *
     * @param server the server
     * @param history the recent history of the server
     */
    public EchoEndpoint(EchoServer server, EchoServerHistory history) {
        this(server, history, LOOP_PATIENCE);
    }

    EchoEndpoint(EchoServer server, EchoServerHistory history, Duration loopPatience) {
        this.server = server;
        this.history = history;
        this.loopPatience = loopPatience;
    }

    /** Open connections in the requested order, and their total number. */
    record ConnectionList(long active, List<Connection> connections)
            implements OperationResponseBody {}

    /**
     * @param peer the address of the peer, taken from the PROXY protocol header if it contains one
     * @param proxy the address of the proxy that sent such a header; null otherwise
     * @param tls the negotiated TLS parameters; null without TLS and before the end of the
     *     handshake
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
     * The history in columns, oldest point first.
     *
     * @param interval the time between two points
     * @param sequence the numbers of the points, of which {@code since} takes the last one
     * @param time the ends of the intervals, in milliseconds since 1970; they decrease if the clock
     *     is set back
     * @param active connections open at the end of each interval
     * @param pending bytes pending at the end of each interval
     * @param accepted connections accepted per second
     * @param received bytes read from peers per second
     * @param sent bytes written to peers per second
     */
    record History(
            Duration interval,
            List<Long> sequence,
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
                    column(points, EchoServerHistory.Point::sequence),
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
     * Returns the connections or the history. One operation serves both parts, because Spring Boot
     * distinguishes operations only by their paths.
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

    /** Returns the parameters that a part accepts; all parameters if the part does not exist. */
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
                        server.connections(
                                sort == null ? ConnectionOrder.NEWEST : parseOrder(sort), atMost)));
    }

    private static ConnectionOrder parseOrder(String sort) {
        for (ConnectionOrder order : ConnectionOrder.values()) {
            if (order.label().equals(sort)) {
                return order;
            }
        }
        throw RefusedRequestException.invalid(
                String.format(
                        Locale.ROOT,
                        "sort is '%s': it must be newest, busiest, idle or pending",
                        sort));
    }

    private List<Connection> answer(CompletableFuture<List<ConnectionInfo>> connections)
            throws Exception {
        try {
            return connections.get(loopPatience.toMillis(), TimeUnit.MILLISECONDS).stream()
                    .map(Connection::of)
                    .toList();
        } catch (TimeoutException e) {
            throw RefusedRequestException.unavailable(
                    String.format(
                            Locale.ROOT,
                            "An event loop did not list its connections within %d ms: it is stuck"
                                    + " or overloaded",
                            loopPatience.toMillis()));
        }
    }

    private History history(@Nullable String since) {
        return History.of(history.since(since == null ? Long.MIN_VALUE : parseSince(since)));
    }

    /**
     * Starts to drain and stop the server, and returns immediately; {@link #status} shows the
     * progress.
     */
    @DeleteOperation
    EchoStatus shutdown(@Nullable String timeout) {
        Duration drainTimeout =
                timeout == null ? server.config().drainTimeout() : parseTimeout(timeout);
        if (server.state() == EchoServerState.FAILED) {
            server.stop(); // no connection is left to drain
            return status();
        }
        if (timeout != null) {
            requireNotLonger(timeout, drainTimeout);
        }
        var _ = server.shutdown(drainTimeout); // status() shows the progress
        return status();
    }

    /** Refuses a timeout longer than the remaining time, because it would have no effect. */
    private void requireNotLonger(String timeout, Duration drainTimeout) {
        Optional<Duration> remaining = server.drainProgress().map(DrainProgress::remaining);
        if (remaining.isPresent() && drainTimeout.compareTo(remaining.get()) > 0) {
            throw RefusedRequestException.conflict(
                    String.format(
                            Locale.ROOT,
                            "timeout is '%s': a drain that has begun can only be shortened, and"
                                    + " this one has %d ms left",
                            timeout,
                            remaining.get().toMillis()));
        }
    }

    @WriteOperation
    EchoStatus start() {
        try {
            server.start();
        } catch (IllegalStateException e) {
            // A check beforehand would be a race: the state could change before the start.
            throw RefusedRequestException.conflict(
                    "The echo server is draining: wait until it has stopped, or send DELETE with"
                            + " timeout=0s to stop it now");
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
            // Refused below, like a number out of range.
        }
        throw RefusedRequestException.invalid(
                String.format(
                        Locale.ROOT,
                        "limit is '%s': it must be a number, 1 to %d",
                        limit,
                        LARGEST_LIMIT));
    }

    private static long parseSince(String since) {
        try {
            return Long.parseLong(since);
        } catch (NumberFormatException e) {
            throw RefusedRequestException.invalid(
                    String.format(
                            Locale.ROOT,
                            "since is '%s': it must be the last number in the column sequence",
                            since));
        }
    }

    /** Parses a timeout by the rules of the property echo.server.shutdown.drain-timeout. */
    private static Duration parseTimeout(String timeout) {
        try {
            return EchoServerConfig.builder()
                    .drainTimeout(DurationStyle.detectAndParse(timeout))
                    .build() // checks the range
                    .drainTimeout();
        } catch (IllegalArgumentException e) {
            throw RefusedRequestException.invalid(
                    String.format(
                            Locale.ROOT,
                            "timeout is '%s': it must be a duration such as 20s, %s",
                            timeout,
                            Setting.DRAIN_TIMEOUT.allowed()));
        }
    }
}
