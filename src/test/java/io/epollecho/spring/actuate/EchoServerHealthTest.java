package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.EchoPeer;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerState;
import io.epollecho.server.ListenerConfig;
import io.epollecho.server.SocketAddresses;
import io.epollecho.spring.BreakableSelector;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

class EchoServerHealthTest {

    private final BreakableSelector breakable = new BreakableSelector();
    private final EchoServer server =
            new EchoServer(
                    EchoServerConfig.builder()
                            .selector(breakable.selector())
                            .port(0)
                            .listener(
                                    "second",
                                    new ListenerConfig(InetAddress.getLoopbackAddress(), 0, 128))
                            .sendBuffer(16 * 1024)
                            .build());

    @AfterEach
    void stop() {
        server.stop();
    }

    @Test
    void isOutOfServiceBeforeTheStart() {
        assertHealth(Status.OUT_OF_SERVICE, "stopped", 0);
        assertThat(health().getDetails()).doesNotContainKey("listeners");
    }

    @Test
    void isUpWhileTheServerAccepts() throws IOException {
        server.start();
        try (EchoPeer peer = EchoPeer.connect(server.localAddress().getPort())) {
            peer.exchange(1);
            assertHealth(Status.UP, "running", 1);
            assertThat(health().getDetails())
                    .containsEntry("selector", "breakable")
                    .containsEntry("triggerMode", "level")
                    .containsEntry(
                            "listeners",
                            Map.of("default", address("default"), "second", address("second")));
            assertThat(address("second")).startsWith("127.0.0.1:");
        }
    }

    @Test
    void isOutOfServiceWhileDrainingAndStopped() throws IOException {
        server.start();
        try (EchoPeer peer = EchoPeer.connect(server.localAddress().getPort())) {
            peer.stall(() -> server.statistics().pendingBytes() > 0);
            CompletableFuture<Void> stopped = server.shutdown(Duration.ofSeconds(20));
            assertHealth(Status.OUT_OF_SERVICE, "draining", 1);
            peer.finish();
            assertThat(stopped).succeedsWithin(EchoPeer.PATIENCE);
        }
        assertHealth(Status.OUT_OF_SERVICE, "stopped", 0);
    }

    @Test
    void isDownWithTheErrorOfADeadLoop() {
        server.start();
        breakable.breakLoops();
        await().until(() -> server.state() == EchoServerState.FAILED);
        assertHealth(Status.DOWN, "failed", 0);
        assertThat(health().getDetails().get("error"))
                .asString()
                .startsWith(failure().getClass().getName());
    }

    private String address(String listener) {
        return SocketAddresses.format(
                Objects.requireNonNull(server.localAddresses().get(listener)));
    }

    private Throwable failure() {
        return server.failure().orElseThrow();
    }

    private void assertHealth(Status status, String state, long connections) {
        assertThat(health().getStatus()).isEqualTo(status);
        assertThat(health().getDetails())
                .containsEntry("state", state)
                .containsEntry("connections", connections);
    }

    private Health health() {
        return Objects.requireNonNull(new EchoServerHealthIndicator(server).health(true));
    }
}
