package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import io.epollecho.ChildJvm;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server process whose heap is full for two seconds. Afterwards it serves everybody who is still
 * connected, or it has failed and has closed every connection.
 */
@Tag("slow")
@Timeout(120)
class FullHeapTest {

    private static final Duration FULL = Duration.ofSeconds(2);
    private static final int PATIENCE_MILLIS = 20_000;

    private static volatile @Nullable Object @Nullable [] hoard;

    /** The server. Fills the heap when it reads a line, then prints its state. */
    public static void main(String[] args) throws IOException {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
        EchoServer server =
                EchoServer.start(
                        EchoServerConfig.builder()
                                .address(InetAddress.getLoopbackAddress())
                                .port(0)
                                .maxPending(1L << 20)
                                .build());
        System.out.println("port " + server.localAddress().getPort());
        System.in.read();
        System.out.println("filling");
        fill();
        System.in.read();
        System.out.println("state " + server.state() + " " + server.stalled());
        System.in.read();
        server.stop();
    }

    private static void fill() {
        long end = System.nanoTime() + FULL.toNanos();
        int size = 1 << 20;
        while (System.nanoTime() - end < 0) {
            try {
                var more = new @Nullable Object[size];
                more[0] = hoard;
                hoard = more;
            } catch (OutOfMemoryError e) {
                size = Math.max(1, size / 2);
            }
        }
        hoard = null;
    }

    @RepeatedTest(3)
    void goesOnOrFailsVisibly() throws Exception {
        Process process =
                new ProcessBuilder(ChildJvm.command(FullHeapTest.class, "-Xmx24m"))
                        .redirectError(Redirect.DISCARD)
                        .start();
        try {
            BufferedReader output = process.inputReader();
            int port = Integer.parseInt(answer(output, "port "));
            var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            var clients = new ArrayList<Socket>();
            for (int i = 0; i < 20; i++) {
                clients.add(connect(address));
                assertThat(echoes(clients.getLast())).isTrue();
            }
            next(process);
            answer(output, "filling");
            long end = System.nanoTime() + FULL.toNanos();
            while (System.nanoTime() - end < 0) { // the backlog takes those that nobody accepts
                if (clients.size() < 60) {
                    clients.add(connect(address));
                }
                boolean _ = echoes(clients.get(clients.size() % 20));
            }
            next(process);
            String state = answer(output, "state ");
            List<Boolean> served = clients.stream().map(FullHeapTest::echoes).toList();
            if (state.equals("RUNNING false")) {
                assertThat(echoes(connect(address))).isTrue();
            } else {
                assertThat(state).startsWith("FAILED");
                assertThat(served).containsOnly(false);
            }
            for (Socket client : clients) {
                client.close();
            }
            next(process);
            assertThat(process.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS))
                    .as("the process has ended")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
    }

    private static void next(Process process) throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }

    private static String answer(BufferedReader output, String beginning) throws IOException {
        String line = output.readLine();
        while (line != null && !line.startsWith(beginning)) {
            line = output.readLine();
        }
        assertThat(line).as("the line that begins with '%s'", beginning).isNotNull();
        return line.substring(beginning.length());
    }

    private static Socket connect(InetSocketAddress address) throws IOException {
        var socket = new Socket();
        socket.connect(address, PATIENCE_MILLIS);
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    /** Returns false if the server closes the connection; fails if it does neither. */
    private static boolean echoes(Socket socket) {
        try {
            socket.getOutputStream().write('x');
            return socket.getInputStream().read() == 'x';
        } catch (SocketException e) {
            return false;
        } catch (IOException e) {
            throw new AssertionError("neither served nor closed", e);
        }
    }
}
