package io.epollecho.spring.actuate;

import io.epollecho.server.ConnectionInfo;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.SocketAddresses;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The endpoint {@code echo}: what the server does, the connections it has, its graceful shutdown
 * and its start.
 *
 * <p>A host opens the operations that change something by {@code
 * management.endpoint.echo.access=unrestricted}.
 */
@Endpoint(id = "echo", defaultAccess = Access.READ_ONLY)
public final class EchoEndpoint {

    private static final String CONNECTIONS = "connections";
    private static final int DEFAULT_LIMIT = 100;
    private static final int LARGEST_LIMIT = 10_000;
    private static final long LOOP_PATIENCE_SECONDS = 5;

    private final EchoServer server;

    /**
     * Speaks for a server.
     *
     * @param server the server
     */
    public EchoEndpoint(EchoServer server) {
        this.server = server;
    }

    /** Live connections, newest first, and how many there are in all. */
    record ConnectionList(long active, List<Connection> connections)
            implements OperationResponseBody {}

    record Connection(
            String peer,
            int loop,
            Duration age,
            Duration idle,
            long bytesReceived,
            long bytesSent,
            int bytesPending) {

        static Connection of(ConnectionInfo info) {
            return new Connection(
                    SocketAddresses.format(info.peer()),
                    info.loop(),
                    info.age(),
                    info.idle(),
                    info.bytesReceived(),
                    info.bytesSent(),
                    info.pendingBytes());
        }
    }

    @ReadOperation
    EchoStatus status() {
        return EchoStatus.of(server);
    }

    @ReadOperation
    @Nullable ConnectionList connections(@Selector String part, @Nullable Integer limit)
            throws Exception {
        if (!part.equals(CONNECTIONS)) {
            return null; // not found
        }
        int atMost = limit == null ? DEFAULT_LIMIT : limit;
        if (atMost < 1 || atMost > LARGEST_LIMIT) {
            throw invalid("limit is %d: allowed is 1 to %d".formatted(atMost, LARGEST_LIMIT));
        }
        List<Connection> connections =
                server
                        .newestConnections(atMost)
                        .get(LOOP_PATIENCE_SECONDS, TimeUnit.SECONDS)
                        .stream()
                        .map(Connection::of)
                        .toList();
        return new ConnectionList(server.statistics().active(), connections);
    }

    /** Drains and stops; the answer comes at once, and {@link #status} tells how far it is. */
    @DeleteOperation
    EchoStatus shutdown(@Nullable Duration timeout) {
        Duration drainTimeout = timeout == null ? server.config().drainTimeout() : timeout;
        if (drainTimeout.isNegative()) {
            throw invalid("timeout is %s: allowed is 0 or more".formatted(drainTimeout));
        }
        var _ = server.shutdown(drainTimeout); // status() tells of it
        return status();
    }

    @WriteOperation
    EchoStatus start() {
        if (server.state() == EchoServerState.DRAINING) {
            throw invalid(
                    "The echo server is draining: wait for its end, or DELETE with timeout=0s");
        }
        server.start();
        return status();
    }

    private static InvalidEndpointRequestException invalid(String reason) {
        return new InvalidEndpointRequestException(reason, reason);
    }
}
