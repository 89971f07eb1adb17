package io.epollecho.spring.actuate;

import io.epollecho.server.DrainProgress;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.EchoServerStatistics;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.LoopStatistics;
import io.epollecho.server.ProxyProtocolMode;
import io.epollecho.server.SocketAddresses;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A snapshot of the echo server.
 *
 * @param state running, draining, stopped or failed
 * @param stalled true while an event loop makes no progress
 * @param version the version of the server; null if it does not run from a jar
 * @param uptime the time since the last start; zero if the server is stopped
 * @param selector the name of the selector
 * @param triggerMode how the selector reports readiness
 * @param listeners the listeners by name, the default listener first
 * @param connections the counts of connections, and of the reasons why they ended
 * @param bytes the bytes transferred and pending
 * @param rates the rates in the last second
 * @param peaks the highest figures since the application started
 * @param limits the effective limits
 * @param loops the event loops
 * @param drain the progress of a drain; null if the server is not draining
 * @param failure the error that an event loop died of; null if none did
 */
record EchoStatus(
        String state,
        boolean stalled,
        @Nullable String version,
        Duration uptime,
        String selector,
        String triggerMode,
        SequencedMap<String, Listener> listeners,
        Connections connections,
        Bytes bytes,
        Rates rates,
        Peaks peaks,
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
            long acceptErrors,
            long handshakes) {}

    record Bytes(long received, long sent, long pending) {}

    /**
     * @param address the address of the listener, also during a drain; null if the server is
     *     stopped
     * @param proxyProtocol off or required
     * @param tls true if the listener uses TLS
     * @param greeting none or identity
     */
    record Listener(
            @Nullable String address,
            int backlog,
            String proxyProtocol,
            boolean tls,
            String greeting,
            Connections connections,
            Bytes bytes,
            Rates rates) {

        static Listener of(
                @Nullable InetSocketAddress address,
                ListenerConfig config,
                EchoServerStatistics statistics,
                Rates rates) {
            return new Listener(
                    address == null ? null : SocketAddresses.format(address),
                    config.backlog(),
                    label(
                            config.proxyProtocol() == null
                                    ? ProxyProtocolMode.OFF
                                    : ProxyProtocolMode.REQUIRED),
                    config.tls() != null,
                    label(config.greeting()),
                    EchoStatus.connections(statistics),
                    EchoStatus.bytes(statistics),
                    rates);
        }
    }

    /**
     * @param active the highest number of open connections
     * @param rates the highest rates, which may stem from different seconds
     */
    record Peaks(long active, Rates rates) {}

    record Limits(
            int connections,
            int connectionsPerAddress,
            int ipv6PrefixLength,
            long maxPending,
            int readBufferSize,
            int readBudget,
            Duration idleTimeout,
            Duration writeTimeout,
            Duration drainTimeout,
            Duration lingerTimeout) {}

    /**
     * @param busy the time spent on work rather than waiting
     * @param busyShare the share of the last second spent on work, 0 to 1
     * @param polling the time spent polling instead of sleeping
     * @param selectorRebuilds the number of selectors rebuilt because they repeatedly returned
     *     early
     */
    record Loop(
            int number,
            long active,
            long accepted,
            Bytes bytes,
            Rates rates,
            Duration busy,
            double busyShare,
            Duration polling,
            long selectorRebuilds) {}

    static EchoStatus of(EchoServer server, EchoServerHistory history) {
        Interval lastInterval = history.lastInterval();
        EchoServerState state = server.state();
        EchoServerConfig config = server.config();
        EchoServerStatistics total = server.statistics();
        return new EchoStatus(
                label(state),
                server.stalled(),
                EchoServer.class.getPackage().getImplementationVersion(),
                server.uptime(),
                config.selector().name(),
                config.selector().triggerMode().label(),
                listeners(server, state, lastInterval),
                connections(total),
                bytes(total),
                lastInterval.total(),
                new Peaks(server.peakConnections(), history.peaks()),
                limits(server),
                loops(server.statisticsByLoop(), lastInterval),
                server.drainProgress().orElse(null),
                server.failure().map(Throwable::toString).orElse(null));
    }

    private static SequencedMap<String, Listener> listeners(
            EchoServer server, EchoServerState state, Interval lastInterval) {
        Map<String, InetSocketAddress> addresses =
                state == EchoServerState.STOPPED ? Map.of() : server.localAddresses();
        var listeners = new LinkedHashMap<String, Listener>();
        server.statisticsByListener()
                .forEach(
                        (name, statistics) ->
                                listeners.put(
                                        name,
                                        Listener.of(
                                                addresses.get(name),
                                                server.config().listener(name),
                                                statistics,
                                                lastInterval.ofListener(name))));
        return listeners;
    }

    private static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static Connections connections(EchoServerStatistics statistics) {
        return new Connections(
                statistics.active(),
                statistics.accepted(),
                labelled(statistics.closed(), reason -> reason.label()),
                labelled(statistics.rejected(), reason -> reason.label()),
                statistics.acceptErrors(),
                statistics.handshakes());
    }

    private static Limits limits(EchoServer server) {
        EchoServerConfig config = server.config();
        return new Limits(
                server.maxConnections(),
                config.connections().maxPerAddress(),
                config.connections().ipv6PrefixLength(),
                config.maxPending(),
                config.readBufferSize(),
                config.readBudget(),
                config.connections().idleTimeout(),
                config.connections().writeTimeout(),
                config.drainTimeout(),
                config.lingerTimeout());
    }

    private static List<Loop> loops(List<LoopStatistics> loops, Interval lastInterval) {
        return IntStream.range(0, loops.size())
                .mapToObj(number -> loop(number, loops.get(number), lastInterval))
                .toList();
    }

    private static Loop loop(int number, LoopStatistics loop, Interval lastInterval) {
        EchoServerStatistics total = loop.total();
        return new Loop(
                number,
                total.active(),
                total.accepted(),
                bytes(total),
                lastInterval.ofLoop(number),
                loop.busyTime(),
                lastInterval.busyShare(number),
                loop.pollingTime(),
                loop.selectorRebuilds());
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
