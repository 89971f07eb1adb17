package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Alone;
import io.epollecho.Stopwatch;
import io.epollecho.stream.HandmadeTls;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Peers that send as little as possible in each TLS record do not make others wait. */
@Setups(
        transports = Transport.PLAIN,
        except = {Backend.JDK_LEVEL, Backend.EPOLL_LEVEL})
@Tag("slow")
@Alone("measures the time of round trips while peers keep the server busy")
class TinyRecordsTest extends Scenarios {

    /**
     * Peers with tiny records and key updates, and peers with a ClientHello in pieces that come
     * back again and again, share the loop with a plain peer.
     */
    @Test
    void tinyRecordsDoNotDelayOthers() throws Exception {
        EchoServer server =
                start(settings -> settings.tls(Transport.serverTls()).listener("plain", anyPort()));
        Peer plain = connect(Servers.address(server, "plain"), 0, 0);
        for (int i = 0; i < 3; i++) {
            roundTrips(plain);
        }
        long before = roundTrips(plain);
        var enough = new AtomicBoolean();
        var peers = new ArrayList<HandmadeTls>();
        List<Future<Void>> hostile = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            var peer = new HandmadeTls(server.localAddress());
            peers.add(peer);
            byte[] tiny = tinyRecords(peer);
            hostile.add(
                    Background.run(
                            () -> {
                                try {
                                    peer.sendRaw(tiny);
                                } catch (SocketException e) {
                                    assertThat(enough).isTrue();
                                }
                            }));
            hostile.add(
                    Background.run(
                            () -> {
                                try {
                                    while (peer.receive() != null) {}
                                } catch (SocketException e) {
                                    assertThat(enough).isTrue();
                                }
                            }));
        }
        byte[] pieces = HandmadeTls.records(HandmadeTls.clientHello(8_000), 1);
        for (int i = 0; i < 10; i++) {
            hostile.add(
                    Background.run(
                            () -> {
                                while (!enough.get()) {
                                    sendAndLeave(server.localAddress(), pieces);
                                }
                            }));
        }
        long during = roundTrips(plain);
        enough.set(true);
        for (HandmadeTls peer : peers) {
            peer.close();
        }
        Background.joinAll(hostile);
        assertThat(during)
                .as("99th percentile of round trips in nanoseconds, without: %d", before)
                .isLessThan(Math.max(10 * before, Duration.ofMillis(20).toNanos()));
    }

    /** Sends bytes that the server may refuse at any time, and waits for the end. */
    private static void sendAndLeave(InetSocketAddress server, byte[] bytes) {
        try (var peer = new Socket(server.getAddress(), server.getPort())) {
            peer.getOutputStream().write(bytes);
            peer.shutdownOutput();
            peer.getInputStream().readAllBytes();
        } catch (IOException e) {
            // refused, or the server has stopped
        }
    }

    private static byte[] tinyRecords(HandmadeTls peer) {
        var all = new ByteArrayOutputStream();
        for (int i = 0; i < 60_000; i++) {
            if (i % 50 == 0) {
                all.writeBytes(peer.seal(HandmadeTls.HANDSHAKE, HandmadeTls.keyUpdate(), 0));
                peer.updateKey();
            }
            all.writeBytes(peer.seal(HandmadeTls.DATA, new byte[1], 0));
        }
        return all.toByteArray();
    }

    /** Returns the 99th percentile of 3,000 round trips. */
    private static long roundTrips(Peer peer) throws IOException {
        long[] nanos = new long[3_000];
        for (int i = 0; i < nanos.length; i++) {
            var watch = Stopwatch.start();
            peer.echo(8);
            nanos[i] = watch.elapsed().toNanos();
        }
        Arrays.sort(nanos);
        return nanos[nanos.length * 99 / 100];
    }
}
