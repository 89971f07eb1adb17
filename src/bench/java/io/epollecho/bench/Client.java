package io.epollecho.bench;

import io.epollecho.probe.Probe;
import io.epollecho.probe.ProbeListener;
import io.epollecho.probe.ProbeOptions;
import io.epollecho.probe.ProbeReport;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The main class of the client process. Reads a server's pid and port and a {@link Work} from each
 * line, and answers with an {@link Outcome}. One process serves the whole run, so that it is warm.
 */
final class Client {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int ECHOES_BEFORE_IDLE = 2;

    private final List<Socket> idle = new ArrayList<>();
    private @Nullable TlsClient tls;

    private Client() {}

    static void main() throws IOException {
        PrintStream answers = System.out;
        System.setOut(System.err); // otherwise output of libraries would be read as an answer
        var client = new Client();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            Outcome outcome =
                    client.work(
                            Long.parseLong(words[0]),
                            Integer.parseInt(words[1]),
                            Work.parse(words, 2));
            answers.println(outcome.text());
        }
    }

    private Outcome work(long pid, int port, Work work) throws IOException {
        for (Socket socket : idle) {
            socket.close();
        }
        idle.clear();
        if (tls != null) {
            tls.closeIdle();
        }
        if (work.tls()) {
            if (tls == null) {
                tls = new TlsClient();
            }
            return tls.work(pid, port, work);
        }
        return switch (work.kind()) {
            case LOAD -> load(pid, port, work);
            case CYCLES -> new Cycles(pid, port, work).run();
            case IDLE -> idle(port, work.connections());
        };
    }

    private static Outcome load(long pid, int port, Work work) throws IOException {
        ProbeOptions.Builder options =
                ProbeOptions.builder(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                        .connections(work.connections())
                        .size(work.size())
                        .pipeline(work.pipeline())
                        .rate((double) work.rate())
                        .timeout(TIMEOUT);
        if (work.count() > 0) {
            options.count(work.count());
        } else {
            options.warmup(Duration.ofMillis(work.warmupMillis()))
                    .duration(Duration.ofMillis(work.millis()));
        }
        var cpu = new CpuTime(pid);
        ProbeReport report = Probe.open(options.build(), cpu).run();
        return new Outcome(
                report.messages(),
                report.elapsed().toNanos(),
                cpu.used(),
                report.latency().getValueAtPercentile(50),
                report.latency().getValueAtPercentile(99),
                report.latency().getValueAtPercentile(99.9),
                report.flawless() ? "" : fault(report));
    }

    private static String fault(ProbeReport report) {
        return "wrong bytes %d, missing %d; %s"
                .formatted(
                        report.wrongBytes(),
                        report.missingBytes(),
                        report.firstFailure().orElse("no connection failed"));
    }

    private Outcome idle(int port, int connections) throws IOException {
        for (int i = 0; i < connections; i++) {
            idle.add(new Socket(InetAddress.getLoopbackAddress(), port));
        }
        // After an echo, the server has accepted the connection and allocated all it needs for it.
        for (int echo = 0; echo < ECHOES_BEFORE_IDLE; echo++) {
            for (int i = 0; i < connections; i++) {
                idle.get(i).getOutputStream().write(i);
            }
            for (int i = 0; i < connections; i++) {
                if (idle.get(i).getInputStream().read() != (i & 0xFF)) {
                    return Outcome.failed("an idle connection returned a wrong byte");
                }
            }
        }
        return new Outcome(connections, 0, 0, 0, 0, 0, "");
    }

    /** Measures the server's CPU time. */
    static final class CpuTime implements ProbeListener {

        private final long pid;
        private Map<String, Long> before = Map.of();
        private long used;

        CpuTime(long pid) {
            this.pid = pid;
        }

        @Override
        public void measuring() {
            before = now();
        }

        @Override
        public void measured() {
            used = 0;
            now().forEach((thread, nanos) -> used += nanos - before.getOrDefault(thread, 0L));
        }

        long used() {
            return used;
        }

        private Map<String, Long> now() {
            try {
                return ProcessFigures.cpuNanos(pid);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
