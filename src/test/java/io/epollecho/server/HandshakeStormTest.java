package io.epollecho.server;

import static io.epollecho.server.Background.await;

import io.epollecho.Alone;
import io.epollecho.Build;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;

/** Many TLS handshakes at once do not make other connections wait. */
@Setups(transports = Transport.PLAIN)
@Alone("measures the time of round trips while handshakes keep all processors busy")
class HandshakeStormTest extends Scenarios {

    /** Longer than thousands of handshakes take on a busy machine. */
    private static final Duration STORM = Duration.ofSeconds(90);

    /**
     * The loops do not compute handshakes, so no round trip on other connections takes longer than
     * a second.
     */
    @Test
    void manyHandshakesBesideAHundredPingers() throws IOException {
        int handshakes = Build.isThorough() && setup().equals(Setup.MAIN) ? 2_000 : 250;
        var tls = new TlsConfig(Transport.serverTls().engines(), ClientAuth.NONE, STORM);
        EchoServer server = start(settings -> settings.tls(tls).listener("plain", anyPort()));
        InetSocketAddress plain = Servers.address(server, "plain");
        List<Peer> crowd = connect(server.localAddress(), handshakes);
        Servers.awaitActive(server, handshakes);
        try (var pingers = new RequestReply(plain, 100, 32)) {
            pingers.run(1_000);
            var storm = Background.run(() -> shakeHands(crowd));
            while (!storm.isDone()) {
                pingers.run(500);
            }
            Background.join(storm);
        }
        await().until(() -> server.statistics().handshakes() == handshakes);
        for (Peer peer : crowd) {
            peer.echo(10);
        }
    }

    /** Performs all handshakes at once, so that hardly any can resume the session of another. */
    private static void shakeHands(List<Peer> peers) throws IOException {
        for (Peer peer : peers) {
            peer.waitUpTo(STORM);
            peer.layTls(Transport.clientContext(), "TLSv1.3");
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Peer peer : peers) {
                threads.execute(peer::handshake);
            }
        }
    }
}
