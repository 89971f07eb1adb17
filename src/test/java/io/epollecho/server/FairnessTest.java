package io.epollecho.server;

import static io.epollecho.server.Background.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Alone;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Peers that keep the server busy do not make others wait. */
@Setups
@Alone("measures the time of round trips while the server keeps a processor busy")
class FairnessTest extends Scenarios {

    @Test
    void eightFirehosesBesideAHundredPingers() throws IOException {
        // With small reads, the firehoses are faster than the server, and their sockets are never
        // empty.
        EchoServer server =
                start(
                        settings ->
                                settings.readBufferSize(transport().smallRead())
                                        .readBudget(64 * 1024));
        var enough = new AtomicBoolean();
        List<Peer> firehoses = connect(server, 8);
        List<Future<Void>> streams = new ArrayList<>();
        try (var pingers = new RequestReply(transport(), server.localAddress(), 100, 32)) {
            for (Peer firehose : firehoses) {
                streams.add(
                        Background.run(
                                () -> {
                                    while (!enough.get()) {
                                        firehose.send(256 * 1024);
                                    }
                                    firehose.endOutput();
                                }));
                streams.add(Background.run(firehose::receiveToEnd));
            }
            await().until(
                            () ->
                                    firehoses.stream()
                                            .allMatch(firehose -> firehose.received() > 1 << 20));
            long before = server.statistics().bytesSent();
            pingers.run(2_000);
            assertThat(server.statistics().bytesSent() - before)
                    .as("bytes that the firehoses moved meanwhile")
                    .isGreaterThan(pingers.bytes() + (8 << 20));
        }
        enough.set(true);
        Background.joinAll(streams);
        for (Peer firehose : firehoses) {
            assertThat(firehose.received()).isEqualTo(firehose.sent());
        }
    }
}
