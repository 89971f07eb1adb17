package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.epollecho.stream.Certificates;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/** The certificates of servers and clients. */
@Setups(transports = Transport.PLAIN)
class CertificateTest extends Scenarios {

    private EchoServer startAsking(ClientAuth clientAuth) {
        return start(settings -> settings.tls(Transport.serverTls().withClientAuth(clientAuth)));
    }

    private Peer connectAs(EchoServer server, SSLContext client, String protocol)
            throws IOException {
        Peer peer = connect(server);
        peer.layTls(client, protocol);
        peer.handshake();
        return peer;
    }

    private static TlsInfo tlsOfNewest(EchoServer server) {
        return Objects.requireNonNull(Background.get(server.newestConnections(1)).getFirst().tls());
    }

    @Test
    void connectionsReportTheNegotiatedTls() throws IOException {
        EchoServer server = startAsking(ClientAuth.NONE);
        for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
            Peer peer = connectAs(server, Certificates.context(Certificates.CLIENT), protocol);
            peer.echo(100);
            assertThat(tlsOfNewest(server))
                    .returns(protocol, TlsInfo::protocol)
                    .returns(peer.session().getCipherSuite(), TlsInfo::cipherSuite)
                    .returns(Certificates.HOST, TlsInfo::serverName)
                    .returns(null, TlsInfo::clientSubject); // the server did not ask for one
            peer.close();
            Servers.awaitActive(server, 0);
        }
        Peer silent = connect(server);
        Servers.awaitActive(server, 1);
        assertThat(Background.get(server.newestConnections(1)))
                .singleElement()
                .returns(silent.address(), ConnectionInfo::peer)
                .returns(null, ConnectionInfo::tls);
    }

    @Test
    void reportsTheLongestHostName() throws IOException {
        EchoServer server = startAsking(ClientAuth.NONE);
        String longest = "a.".repeat(127) + "t";
        for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
            SSLContext client = Certificates.insistentContext(Certificates.CLIENT);
            for (int i = 0; i < 3; i++) { // the later ones resume the session
                try (Peer peer = connect(server)) {
                    peer.layTls(client, protocol);
                    peer.askFor(longest);
                    peer.handshake();
                    peer.echo(100);
                    assertThat(tlsOfNewest(server).serverName()).isEqualTo(longest);
                }
                Servers.awaitActive(server, 0);
            }
        }
    }

    /** No name in the DNS is that long, and it would be kept as long as the connection. */
    @Test
    void anOverlongHostNameIsRefused() throws IOException {
        EchoServer server = startAsking(ClientAuth.NONE);
        Peer peer = connect(server);
        peer.layTls(Certificates.context(null), "TLSv1.3");
        peer.askFor("a.".repeat(150) + "test");
        peer.handshake();
        assertThatExceptionOfType(SSLException.class)
                .isThrownBy(peer::expectEnd)
                .withMessageContaining("unrecognized_name");
        Servers.awaitClosed(server, CloseReason.HANDSHAKE_FAILED, 1);
    }

    @Test
    void optionalClientCertificate() throws IOException {
        EchoServer server = startAsking(ClientAuth.WANT);
        Peer nobody = connectAs(server, Certificates.context(null), "TLSv1.3");
        nobody.echo(100);
        assertThat(tlsOfNewest(server).clientSubject()).isNull();
        for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
            Peer client = connectAs(server, Certificates.context(Certificates.CLIENT), protocol);
            client.echo(100);
            assertThat(tlsOfNewest(server).clientSubject()).isEqualTo("CN=client");
        }
        assertRefused(server, Certificates.insistentContext(Certificates.STRANGER), 1);
        nobody.echo(100);
    }

    @Test
    void requiredClientCertificate() throws IOException {
        EchoServer server = startAsking(ClientAuth.NEED);
        Peer client = connectAs(server, Certificates.context(Certificates.CLIENT), "TLSv1.3");
        client.echo(100);
        assertThat(tlsOfNewest(server).clientSubject()).isEqualTo("CN=client");
        assertRefused(server, Certificates.context(null), 1);
        assertRefused(server, Certificates.insistentContext(Certificates.STRANGER), 2);
        assertRefused(server, Certificates.insistentContext(Certificates.EXPIRED), 3);
        client.echo(100);
        assertThat(server.statistics().handshakes()).isEqualTo(1);
    }

    private void assertRefused(EchoServer server, SSLContext client, long count)
            throws IOException {
        Peer refused = connectAs(server, client, "TLSv1.3");
        assertThatExceptionOfType(SSLException.class).isThrownBy(refused::expectEnd);
        Servers.awaitClosed(server, CloseReason.HANDSHAKE_FAILED, count);
    }

    /**
     * The certificate is renewed twice. Open connections keep their certificate, new ones use the
     * new certificate, and none is lost.
     */
    @Test
    void certificateIsRenewedUnderTraffic() throws Exception {
        var current = new AtomicReference<>(Certificates.context(Certificates.SERVER));
        var config =
                new TlsConfig(
                        () -> current.get().createSSLEngine(),
                        ClientAuth.NONE,
                        Duration.ofSeconds(30));
        EchoServer server = start(settings -> settings.tls(config));
        var enough = new AtomicBoolean();
        var old = new ArrayList<Peer>();
        for (int i = 0; i < 20; i++) {
            old.add(connectAs(server, Certificates.context(null), "TLSv1.3"));
        }
        var traffic =
                Background.run(
                        () -> {
                            while (!enough.get()) {
                                for (Peer peer : old) {
                                    peer.echo(5_000);
                                }
                                try (Peer passing =
                                        connectAs(server, Certificates.context(null), "TLSv1.3")) {
                                    passing.echo(100);
                                }
                            }
                        });
        for (String next : List.of(Certificates.RENEWED, Certificates.SERVER)) {
            long before = old.getLast().received();
            current.set(Certificates.context(next));
            Peer late = connectAs(server, Certificates.context(null), "TLSv1.3");
            late.echo(100);
            assertThat(late.session().getPeerPrincipal().getName()).isEqualTo("CN=" + next);
            await().until(() -> old.getLast().received() > before || traffic.isDone());
        }
        enough.set(true);
        Background.join(traffic);
        for (Peer peer : old) {
            assertThat(peer.session().getPeerPrincipal().getName()).isEqualTo("CN=server");
            peer.endOutput();
            peer.receiveAllToEnd();
        }
        EchoServerStatistics statistics = server.statistics();
        assertThat(statistics.closed().get(CloseReason.PEER)).isEqualTo(statistics.closedTotal());
    }
}
