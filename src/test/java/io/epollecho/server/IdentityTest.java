package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

class IdentityTest {

    private static final InetSocketAddress PEER =
            new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 1);

    private static byte[] greeting(Identity identity, TlsInfo tls) throws IOException {
        return identity.greeting(
                new ConnectionInfo(
                        "default", PEER, PEER, tls, 0, Duration.ZERO, Duration.ZERO, 0, 0, 0),
                PEER);
    }

    /** A greeting without a host does not identify the server. */
    @Test
    void namesTheHostWithoutAnyVariable() throws IOException {
        byte[] greeting =
                greeting(new Identity(name -> null), new TlsInfo("TLSv1.3", "x", null, null));
        JsonNode json = JsonMapper.shared().readTree(greeting);
        assertThat(json.path("host").asString("")).isNotEmpty();
        assertThat(json.has("pod")).isFalse();
    }

    @Test
    void cutsLongValues() throws IOException {
        String escaped = "\u0001".repeat(10_000);
        byte[] greeting =
                greeting(new Identity(name -> escaped), new TlsInfo("a", "b", escaped, escaped));
        assertThat(greeting.length).isLessThan(Identity.LONGEST);
        JsonNode json = JsonMapper.shared().readTree(new String(greeting, StandardCharsets.UTF_8));
        assertThat(json.path("pod").asString("")).isEqualTo("\u0001".repeat(255));
        assertThat(json.path("tls").path("clientSubject").asString("")).hasSize(255);
    }
}
