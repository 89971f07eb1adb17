package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.stream.Certificates;
import io.epollecho.stream.ProxyHeaderEncoder;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** A server may identify itself before it echoes, in any combination with the other layers. */
@Setups(transports = Transport.PLAIN)
class GreetingTest extends Scenarios {

    /** In each combination, the echo starts exactly after the last layer. */
    @ParameterizedTest(name = "proxy {0}, tls {1}, greeting {2}")
    @CsvSource({
        "false, false, NONE", "false, false, IDENTITY",
        "false, true, NONE", "false, true, IDENTITY",
        "true, false, NONE", "true, false, IDENTITY",
        "true, true, NONE", "true, true, IDENTITY"
    })
    void layersInAnyCombination(boolean proxy, boolean tls, Greeting greeting) throws IOException {
        EchoServer server =
                start(
                        settings ->
                                settings.proxyProtocol(
                                                proxy ? ProxyProtocolConfig.defaults() : null)
                                        .tls(
                                                tls
                                                        ? Transport.serverTls()
                                                                .withClientAuth(ClientAuth.WANT)
                                                        : null)
                                        .greeting(greeting));
        for (int i = 0; i < 8; i++) {
            try (Peer peer = connect(server)) {
                if (proxy) {
                    peer.sendHeader(ProxyHeaderTest.SOURCE, server.localAddress());
                }
                if (tls) {
                    peer.layTls(
                            Certificates.context(Certificates.CLIENT),
                            i % 2 == 0 ? "TLSv1.3" : "TLSv1.2");
                    peer.handshake();
                }
                boolean sendsFirst = i >= 4;
                if (sendsFirst) {
                    peer.send(1_000);
                }
                if (greeting != Greeting.NONE) {
                    assertGreeting(peer, server, proxy, tls);
                }
                peer.send(100_000);
                peer.endOutput();
                peer.receiveAllToEnd();
            }
        }
        Servers.awaitActive(server, 0);
        Servers.assertClosed(server, CloseReason.PEER, 8);
        assertThat(server.statistics().bytesReceived()).isEqualTo(8 * 100_000 + 4 * 1_000);
    }

    private static void assertGreeting(Peer peer, EchoServer server, boolean proxy, boolean tls)
            throws IOException {
        JsonNode greeting = JsonMapper.shared().readTree(peer.receiveLine());
        assertThat(greeting.path("server").asString()).isEqualTo("epoll-echo");
        assertThat(greeting.path("listener").asString()).isEqualTo("default");
        assertThat(greeting.path("local").asString()).isEqualTo(text(server.localAddress()));
        assertThat(greeting.path("peer").asString()).isEqualTo(text(peer.address()));
        assertThat(greeting.has("proxy")).isEqualTo(proxy);
        if (proxy) {
            assertThat(peer.address()).isEqualTo(ProxyHeaderTest.SOURCE);
            assertThat(greeting.path("proxy").asString()).isEqualTo(text(peer.socketAddress()));
        }
        assertThat(greeting.has("tls")).isEqualTo(tls);
        if (tls) {
            JsonNode negotiated = greeting.path("tls");
            assertThat(negotiated.path("protocol").asString())
                    .isEqualTo(peer.session().getProtocol());
            assertThat(negotiated.path("cipher").asString())
                    .isEqualTo(peer.session().getCipherSuite());
            assertThat(negotiated.path("serverName").asString()).isEqualTo(Certificates.HOST);
            assertThat(negotiated.path("clientSubject").asString()).isEqualTo("CN=client");
        }
    }

    /** The smallest budget holds a greeting, even if a peer does not read it. */
    @Test
    void aGreetingThatThePeerDoesNotReadFitsIntoTheBudget() throws IOException {
        FaultyProvider faulty = faultyProvider();
        faulty.disguisePeers(UnaryOperator.identity());
        EchoServer server =
                start(
                        faulty,
                        settings ->
                                settings.greeting(Greeting.IDENTITY)
                                        .readBufferSize(1024)
                                        .maxPending(1024L));
        faulty.fillSockets();
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            peers.add(connect(server.localAddress(), 0, 0));
        }
        await().until(() -> server.statistics().pendingBytes() > 0);
        faulty.emptySockets();
        for (Peer peer : peers) {
            assertThat(peer.receiveLine()).startsWith("{").endsWith("}");
        }
        assertThat(Servers.closed(server, CloseReason.ERROR)).isZero();
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    /** The greeting precedes the echo, even if data arrives before the greeting is sent. */
    @Test
    void greetingPrecedesDataBehindTheHeader() throws IOException {
        EchoServer server =
                start(
                        settings ->
                                settings.proxyProtocol(ProxyProtocolConfig.defaults())
                                        .greeting(Greeting.IDENTITY));
        var destination = new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), 443);
        for (int length : new int[] {1, 1_000, 60_000}) {
            Peer peer = connect(server);
            peer.sendBehind(
                    ProxyHeaderEncoder.version2(ProxyHeaderTest.SOURCE, destination, true), length);
            assertThat(peer.receiveLine()).startsWith("{").endsWith("}");
            peer.endOutput();
            peer.receiveAllToEnd();
        }
    }
}
