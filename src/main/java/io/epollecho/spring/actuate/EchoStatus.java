package io.epollecho.spring.actuate;

import io.epollecho.server.DrainProgress;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.EchoServerStatistics;
import io.epollecho.server.LoopStatistics;
import io.epollecho.server.SocketAddresses;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The echo server at one moment.
 *
 * @param state running, draining, stopped or failed
 * @param address where it listens, or listened until its drain began; none if it is stopped
 * @param selector the selector it runs on
 * @param triggerMode how that reports readiness
 * @param connections how many, and how they ended
 * @param bytes what was moved
 * @param limits what it allows
 * @param loops the event loops
 * @param drain how far a drain is; none if there is none
 * @param failure what an event loop died of; none if none did
 */
record EchoStatus(
        String state,
        @Nullable String address,
        String selector,
        String triggerMode,
        Connections connections,
        Bytes bytes,
        Limits limits,
        List<Loop> loops,
        @Nullable DrainProgress drain,
        @Nullable String failure)
        implements OperationResponseBody {

    record Connections(
            long active,
            long accepted,
            Map<String, Long> closed,
            Map<String, Long> rejected,
            long acceptErrors) {}

    record Bytes(long received, long sent, long pending) {}

    record Limits(
            int connections,
            int connectionsPerAddress,
            int backlog,
            int readBufferSize,
            int readBudget,
            Duration idleTimeout,
            Duration writeTimeout,
            Duration drainTimeout) {}

    record Loop(int number, long active, long accepted, Bytes bytes, Duration busy) {}

    static EchoStatus of(EchoServer server) {
        EchoServerState state = server.state();
        EchoServerConfig config = server.config();
        EchoServerStatistics total = server.statistics();
        return new EchoStatus(
                state.name().toLowerCase(Locale.ROOT),
                state == EchoServerState.STOPPED
                        ? null
                        : SocketAddresses.format(server.localAddress()),
                config.selector().name(),
                config.selector().triggerMode().label(),
                new Connections(
                        total.active(),
                        total.accepted(),
                        labelled(total.closed(), reason -> reason.label()),
                        labelled(total.rejected(), reason -> reason.label()),
                        total.acceptErrors()),
                bytes(total),
                limits(server),
                loops(server.statisticsByLoop()),
                server.drainProgress().orElse(null),
                server.failure().map(Throwable::toString).orElse(null));
    }

    private static Limits limits(EchoServer server) {
        EchoServerConfig config = server.config();
        return new Limits(
                server.maxConnections(),
                config.connections().maxPerAddress(),
                config.listeners().firstEntry().getValue().backlog(),
                config.readBufferSize(),
                config.readBudget(),
                config.connections().idleTimeout(),
                config.connections().writeTimeout(),
                config.drainTimeout());
    }

    private static List<Loop> loops(List<LoopStatistics> loops) {
        return IntStream.range(0, loops.size())
                .mapToObj(number -> loop(number, loops.get(number)))
                .toList();
    }

    private static Loop loop(int number, LoopStatistics loop) {
        EchoServerStatistics total = loop.total();
        return new Loop(number, total.active(), total.accepted(), bytes(total), loop.busyTime());
    }

    private static Bytes bytes(EchoServerStatistics statistics) {
        return new Bytes(
                statistics.bytesReceived(), statistics.bytesSent(), statistics.pendingBytes());
    }

    private static <E> Map<String, Long> labelled(Map<E, Long> counts, Function<E, String> label) {
        var labelled = new LinkedHashMap<String, Long>();
        counts.forEach((reason, count) -> labelled.put(label.apply(reason), count));
        return labelled;
    }
}
