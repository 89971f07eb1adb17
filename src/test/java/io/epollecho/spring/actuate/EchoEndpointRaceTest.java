package io.epollecho.spring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.epollecho.EchoPeer;
import io.epollecho.server.EchoServer;
import io.epollecho.server.EchoServerConfig;
import io.epollecho.server.EchoServerListener;
import io.epollecho.server.EchoServerState;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Tests of concurrent requests to the endpoint. */
class EchoEndpointRaceTest {

    private final CountDownLatch starting = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private final EchoServer server =
            new EchoServer(
                    EchoServerConfig.builder().port(0).build(),
                    new EchoServerListener() {
                        @Override
                        public void stateChanged(EchoServer server, EchoServerState state) {
                            if (state == EchoServerState.RUNNING) {
                                starting.countDown();
                                awaitRelease();
                            }
                        }
                    });

    @AfterEach
    void stop() {
        released.countDown();
        server.stop();
    }

    /** The server is running when the start is requested, and draining when the start executes. */
    @Test
    void refusesAStartThatADrainOvertakes() throws Exception {
        Thread.ofPlatform().start(server::start);
        assertThat(starting.await(EchoPeer.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(server.state()).isEqualTo(EchoServerState.RUNNING);
        // Keep a connection busy, so that the drain is still in progress when the start executes.
        try (EchoPeer busy = EchoPeer.connect(server.localAddress().getPort())) {
            busy.exchange(1);
            awaitItsTurn(
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        var _ = server.shutdown(Duration.ofSeconds(20));
                                    }));
            var endpoint = new EchoEndpoint(server, new EchoServerHistory(server));
            var start = new FutureTask<>(endpoint::start);
            awaitItsTurn(Thread.ofPlatform().start(start));
            released.countDown();

            assertThat(start)
                    .failsWithin(EchoPeer.PATIENCE)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOfSatisfying(
                            RefusedRequestException.class,
                            refused -> {
                                assertThat(refused.status()).isEqualTo(409);
                                assertThat(refused.reason())
                                        .startsWith("The echo server is draining");
                            });
        }
    }

    /** Waits until the thread waits for the server's lock rather than for anything before it. */
    private static void awaitItsTurn(Thread thread) {
        await().atMost(EchoPeer.PATIENCE)
                .until(
                        () ->
                                thread.getState() == Thread.State.WAITING
                                        && Arrays.stream(thread.getStackTrace())
                                                .map(StackTraceElement::getClassName)
                                                .anyMatch(EchoServer.class.getName()::equals));
    }

    private void awaitRelease() {
        try {
            released.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
