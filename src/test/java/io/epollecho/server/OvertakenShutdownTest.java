package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.EchoPeer;

import org.junit.jupiter.api.RepeatedTest;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A background shutdown that is overtaken by a stop and a start. */
class OvertakenShutdownTest {

    @RepeatedTest(10)
    void doesNotEndTheNextRun() throws IOException {
        var config = EchoServerConfig.builder().port(0).build();
        try (EchoServer server = EchoServer.start(config);
                EchoPeer peer = EchoPeer.connect(server.localAddress().getPort())) {
            peer.exchange(1);
            CompletableFuture<Void> shutdown = server.shutdown(Duration.ofSeconds(20));
            server.stop();
            server.start();
            assertThat(shutdown).succeedsWithin(EchoPeer.PATIENCE);
            EchoPeer.assertEchoes(server.localAddress().getPort());
        }
    }
}
