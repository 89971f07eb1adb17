package io.epollecho.bench;

import io.epollecho.bench.Contender.Kind;
import io.epollecho.bench.Contender.Ports;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The process of a contender, pinned to a CPU and ready for connections. */
final class Server implements AutoCloseable {

    private static final long START_NANOS = Duration.ofSeconds(60).toNanos();

    private final Contender contender;
    private final Process process;
    private final Ports ports;

    private Server(Contender contender, Process process, Ports ports) {
        this.contender = contender;
        this.process = process;
        this.ports = ports;
    }

    static Server start(Contender contender, int loops, Path logs) throws IOException {
        var ports = new Ports(freePort(), contender.kind() == Kind.TLS ? freePort() : 0);
        var line = new ArrayList<>(List.of("taskset", "-c", loops == 1 ? "0" : "0,1"));
        line.addAll(contender.command().line(ports, loops));
        Process process =
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(
                                Redirect.appendTo(logs.resolve(contender.name() + ".log").toFile()))
                        .start();
        var server = new Server(contender, process, ports);
        try {
            server.awaitReady();
        } catch (IOException e) {
            server.close();
            throw e;
        }
        return server;
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void awaitReady() throws IOException {
        long deadline = System.nanoTime() + START_NANOS;
        while (true) {
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), ports.plain())) {
                socket.getOutputStream().write(1);
                if (socket.getInputStream().read() == 1) {
                    return;
                }
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new IOException(contender.name() + " failed to start; see its log", e);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
    }

    Contender contender() {
        return contender;
    }

    long pid() {
        return process.pid();
    }

    int port(boolean tls) {
        return tls ? ports.tls() : ports.plain();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("Interrupted", e));
        }
    }
}
