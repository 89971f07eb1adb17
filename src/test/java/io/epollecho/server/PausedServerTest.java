package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import io.epollecho.ChildJvm;
import io.epollecho.stream.Certificates;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * A server process that is paused for longer than every timeout, as a container or a virtual
 * machine may be, while its peers keep to the timeouts. Nobody is closed, and no byte is lost.
 */
@Tag("slow")
@Timeout(120)
class PausedServerTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final int SENDINGS = 12;
    private static final Duration BETWEEN_SENDINGS = Duration.ofMillis(300);
    private static final int PEERS = 4;
    private static final int MESSAGE = 100;
    private static final String READY = "ready";
    private static final String DRAINING = "draining";

    /** The server, with a listener for each transport. Drains when it reads a line. */
    public static void main(String[] args) throws IOException {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
        var local = new ListenerConfig(InetAddress.getLoopbackAddress(), 0, 128);
        var config =
                EchoServerConfig.builder()
                        .selector(Backend.valueOf(args[0]).selector())
                        .eventLoops(Integer.parseInt(args[1]))
                        .idleTimeout(TIMEOUT)
                        .writeTimeout(TIMEOUT)
                        .address(InetAddress.getLoopbackAddress())
                        .port(0);
        for (Transport transport : Transport.values()) {
            ListenerConfig listener = transport.on(local);
            if (listener.proxyProtocol() != null) {
                listener =
                        listener.withProxyProtocol(
                                new ProxyProtocolConfig(List.of(), TIMEOUT.dividedBy(2)));
            }
            if (listener.tls() != null) {
                listener =
                        listener.withTls(
                                new TlsConfig(listener.tls().engines(), ClientAuth.NONE, TIMEOUT));
            }
            config.listener(name(transport), listener);
        }
        EchoServer server = EchoServer.start(config.build());
        var line = new StringBuilder(READY);
        for (Transport transport : Transport.values()) {
            InetSocketAddress bound = server.localAddresses().get(name(transport));
            line.append(' ').append(Objects.requireNonNull(bound).getPort());
        }
        System.out.println(line);
        System.in.read();
        Future<?> stopped = server.shutdown(TIMEOUT);
        System.out.println(DRAINING);
        assertThat(stopped).succeedsWithin(Duration.ofMinutes(1));
    }

    private static String name(Transport transport) {
        return transport.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    /** The server's process and its peers. */
    private static final class Run implements AutoCloseable {

        private final Process shell = new ProcessBuilder("sh").start();
        private final Process process;
        private final BufferedReader output;
        private final Map<Transport, InetSocketAddress> addresses = new EnumMap<>(Transport.class);
        private final List<Peer> peers = new ArrayList<>();
        private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        private long seed;

        Run(Backend backend, int loops, Path directory) throws IOException {
            List<String> command =
                    ChildJvm.command(
                            PausedServerTest.class,
                            ChildJvm.QUICK_START,
                            Certificates.saveFor(directory.resolve("keys")));
            command.addAll(List.of(backend.name(), Integer.toString(loops)));
            process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
            output = process.inputReader();
            String[] ports = awaitLine(READY).split(" ", -1);
            int next = 1;
            for (Transport transport : Transport.values()) {
                addresses.put(
                        transport,
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), Integer.parseInt(ports[next])));
                next++;
            }
        }

        private InetSocketAddress address(Transport transport) {
            return Objects.requireNonNull(addresses.get(transport));
        }

        String awaitLine(String beginning) throws IOException {
            String line = output.readLine();
            while (line != null && !line.startsWith(beginning)) {
                line = output.readLine();
            }
            assertThat(line).as("the line that begins with '%s'", beginning).isNotNull();
            return line;
        }

        Peer connect(Transport transport) throws IOException {
            var peer = new Peer(seed++, address(transport), null, 0, 0);
            peers.add(peer);
            return peer;
        }

        void open(Peer peer, Transport transport) throws IOException {
            transport.begin(peer, address(transport), InetAddress.getLoopbackAddress());
            transport.complete(peer);
            peer.echo(MESSAGE);
        }

        /** Opens peers, after one each that may take long because it is the first. */
        List<Peer> openPeers() throws IOException {
            for (Transport transport : Transport.values()) {
                Peer first = connect(transport);
                open(first, transport);
                first.endOutput();
                first.expectEnd();
            }
            var open = new ArrayList<Peer>();
            for (Transport transport : Transport.values()) {
                for (int i = 0; i < PEERS; i++) {
                    Peer peer = connect(transport);
                    open(peer, transport);
                    open.add(peer);
                    send(open); // on a busy machine, opening all of them may take long
                }
            }
            return open;
        }

        /** Sends a message on each connection, so that none of them is at rest. */
        void send(List<Peer> open) throws IOException {
            for (Peer peer : open) {
                peer.send(MESSAGE);
            }
        }

        /** Pauses the process for longer than the timeouts, while the peers send. */
        void pauseWhileSending(List<Peer> sending, Runnable first) throws Exception {
            signal("-STOP");
            first.run();
            for (int i = 0; i < SENDINGS; i++) {
                send(sending);
                // The time that passes is what is tested.
                assertThat(
                                new CountDownLatch(1)
                                        .await(BETWEEN_SENDINGS.toMillis(), TimeUnit.MILLISECONDS))
                        .isFalse();
            }
            signal("-CONT");
        }

        /** Sends a signal by a shell that is ready, because to start a process may take long. */
        private void signal(String signal) throws IOException {
            var commands = shell.outputWriter();
            commands.write("kill %s %d && echo sent%n".formatted(signal, process.pid()));
            commands.flush();
            assertThat(shell.inputReader().readLine()).isEqualTo("sent");
        }

        @Override
        public void close() throws IOException {
            shell.destroyForcibly();
            process.destroyForcibly();
            for (Peer peer : peers) {
                peer.close();
            }
            threads.shutdownNow();
            try {
                assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("killed").isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns backends and numbers of loops; each server has listeners of all transports. */
    static List<Setup> setups() {
        return Setup.Selection.current().setups(setup -> setup.transport() == Transport.PLAIN);
    }

    @TempDir Path directory;

    @ParameterizedTest
    @MethodSource("setups")
    void aPauseClosesNobodyWhoWasInTime(Setup setup) throws Exception {
        try (var run = new Run(setup.backend(), setup.loops(), directory)) {
            List<Peer> open = run.openPeers();
            var opening = new ArrayList<Callable<Peer>>();
            for (Transport transport : Transport.values()) {
                if (transport.speaksFirst()) {
                    for (int i = 0; i < PEERS; i++) {
                        Peer peer = run.connect(transport);
                        opening.add(
                                () -> {
                                    run.open(peer, transport);
                                    return peer;
                                });
                    }
                }
            }
            var opened = new ArrayList<Future<Peer>>();
            run.send(open);
            run.pauseWhileSending(
                    open, () -> opening.forEach(peer -> opened.add(run.threads.submit(peer))));
            for (Peer peer : open) {
                peer.receive(peer.sent() - peer.received());
            }
            for (Future<Peer> peer : opened) {
                peer.get(20, TimeUnit.SECONDS);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("setups")
    void aPauseDuringADrainLosesNothing(Setup setup) throws Exception {
        try (var run = new Run(setup.backend(), setup.loops(), directory)) {
            List<Peer> open = run.openPeers();
            run.send(open);
            run.process.getOutputStream().write('\n');
            run.process.getOutputStream().flush();
            run.awaitLine(DRAINING);
            run.send(open);
            run.pauseWhileSending(open, () -> {});
            for (Peer peer : open) {
                peer.receive(peer.sent() - peer.received());
                peer.expectEnd();
            }
        }
    }
}
