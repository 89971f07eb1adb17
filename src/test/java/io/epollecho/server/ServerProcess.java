package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import io.epollecho.ChildJvm;
import io.epollecho.ProcessFigures;

import org.slf4j.LoggerFactory;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A plain server in its own process, on the loopback address. */
final class ServerProcess implements AutoCloseable {

    /** The default size of a server's read buffer. */
    static final int DEFAULT_READ_BUFFER = Setting.READ_BUFFER_SIZE.defaultValue().intValue();

    private static final int DEFAULT_READ_BUDGET = Setting.READ_BUDGET.defaultValue().intValue();
    private static final String LISTENING = "listening on port ";

    private final Process process;
    private final int port;

    private ServerProcess(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /**
     * Runs the server. Arguments: backend, port, event loops, maximum connections, read buffer
     * size, send buffer size, transport.
     */
    static void main(String[] args) {
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.ERROR);
        int readBuffer = Integer.parseInt(args[4]);
        int sendBuffer = Integer.parseInt(args[5]);
        EchoServer server =
                EchoServer.start(
                        Transport.valueOf(args[6])
                                .on(EchoServerConfig.builder())
                                .selector(Backend.valueOf(args[0]).selector())
                                .address(InetAddress.getLoopbackAddress())
                                .port(Integer.parseInt(args[1]))
                                .eventLoops(Integer.parseInt(args[2]))
                                .maxConnections(Integer.parseInt(args[3]))
                                .readBufferSize(readBuffer)
                                .readBudget(Math.max(readBuffer, DEFAULT_READ_BUDGET))
                                .sendBuffer(sendBuffer == 0 ? null : sendBuffer)
                                .build());
        System.out.println(LISTENING + server.localAddress().getPort());
    }

    /** Starts a server process and waits until it accepts connections. */
    static ServerProcess start(Backend backend, int port, String... options) throws IOException {
        return start(backend, Transport.PLAIN, port, DEFAULT_READ_BUFFER, 0, options);
    }

    /**
     * Starts a server process with the given buffer sizes; a send buffer size of 0 lets the kernel
     * choose.
     */
    static ServerProcess start(
            Backend backend,
            Transport transport,
            int port,
            int readBuffer,
            int sendBuffer,
            String... options)
            throws IOException {
        List<String> command = ChildJvm.command(ServerProcess.class, options);
        command.addAll(
                List.of(
                        backend.name(),
                        Integer.toString(port),
                        "1",
                        "100000",
                        Integer.toString(readBuffer),
                        Integer.toString(sendBuffer),
                        transport.name()));
        Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
        BufferedReader output = process.inputReader();
        String line = output.readLine();
        while (line != null && !line.startsWith(LISTENING)) {
            line = output.readLine(); // logging output from before its level was set
        }
        assertThat(line)
                .as("the line with the port, or null if the server did not start")
                .isNotNull();
        return new ServerProcess(process, Integer.parseInt(line.substring(LISTENING.length())));
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    ProcessFigures figures() {
        return ProcessFigures.of(process.pid());
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends SIGKILL and waits for the process to end. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("killed").isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
