package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Strace;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The system calls of the event loop. */
@Timeout(120)
@ExtendWith(OwnThreads.class)
@Tag("slow")
class SystemCallsTest {

    private static final int CONNECTIONS = 256;
    private static final int ROUNDS = 20;
    private static final int WARM_UP_ROUNDS = 200;

    @ParameterizedTest
    @EnumSource
    void onlyEdgeModeRegistersConnectionsWithEpollet(Backend backend) throws IOException {
        try (EchoServer server = backend.start();
                Strace strace =
                        Strace.attach(OwnThreads.named("echo-server-0"), "-e", "trace=epoll_ctl")) {
            try (var peer = new Socket(server.localAddress().getAddress(), port(server))) {
                echo(List.of(peer), 'x');
            }
            List<String> registrations =
                    strace.detach().stream()
                            .filter(line -> line.contains("EPOLL_CTL_ADD"))
                            .toList();
            assertThat(registrations).hasSize(1);
            if (backend.selector().triggerMode() == TriggerMode.EDGE) {
                assertThat(registrations.getFirst()).contains("EPOLLET");
            } else {
                assertThat(registrations.getFirst()).contains("EPOLLIN").doesNotContain("EPOLLET");
            }
        }
    }

    /** Each echo costs one read, one write and a small share of the common wait. */
    @ParameterizedTest
    @EnumSource
    void echoCostsTwoSystemCallsWhenManyConnectionsAreReady(Backend backend) throws IOException {
        try (EchoServer server = backend.start()) {
            List<Socket> peers = new ArrayList<>();
            try {
                for (int i = 0; i < CONNECTIONS; i++) {
                    peers.add(new Socket(server.localAddress().getAddress(), port(server)));
                }
                for (int round = 0; round < WARM_UP_ROUNDS; round++) {
                    echo(peers, 'w');
                }
                try (Strace strace = Strace.attach(OwnThreads.named("echo-server-0"), "-s", "4")) {
                    for (int round = 0; round < ROUNDS; round++) {
                        echo(peers, 'm');
                    }
                    double calls = callsPerEcho(strace.detach());
                    System.out.printf("%s: %.3f system calls per echo%n", backend, calls);
                    assertThat(calls).isBetween(2.0, 2.05);
                }
            } finally {
                for (Socket peer : peers) {
                    peer.close();
                }
            }
        }
    }

    private static double callsPerEcho(List<String> lines) {
        List<String> between = lines.subList(firstEcho(lines), lastEcho(lines) + 1);
        return (double) between.size() / (ROUNDS * CONNECTIONS);
    }

    private static int firstEcho(List<String> lines) {
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).contains("\"mmmm\"")) {
                return i;
            }
        }
        throw new AssertionError("No echo in " + lines);
    }

    private static int lastEcho(List<String> lines) {
        return lines.size() - 1 - firstEcho(lines.reversed());
    }

    /** Echoes one message per peer. All peers send before any of them reads. */
    private static void echo(List<Socket> peers, char filling) throws IOException {
        byte[] message = new byte[64];
        Arrays.fill(message, (byte) filling);
        for (Socket peer : peers) {
            peer.getOutputStream().write(message);
        }
        for (Socket peer : peers) {
            assertThat(peer.getInputStream().readNBytes(message.length)).isEqualTo(message);
        }
    }

    private static int port(EchoServer server) {
        return server.localAddress().getPort();
    }
}
