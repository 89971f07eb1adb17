package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/** An echo costs the probe no memory; a pause of its collector would look like the server's. */
@Timeout(60)
class ProbeAllocationTest {

    private static final class Allocation implements ProbeListener {

        private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        private long bytes;

        @Override
        public void measuring() {
            bytes = -threads.getCurrentThreadAllocatedBytes();
        }

        @Override
        public void measured() {
            bytes += threads.getCurrentThreadAllocatedBytes();
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 5000})
    void anEchoAllocatesNothing(double rate) throws IOException {
        var allocation = new Allocation();
        ProbeReport report;
        try (var server = new FaultyEchoServer((peer, bytes, _) -> peer.send(bytes))) {
            report =
                    Probe.open(
                                    ProbeOptions.builder(server.address())
                                            .connections(4)
                                            .rate(rate)
                                            .warmup(Duration.ofMillis(500))
                                            .duration(Duration.ofSeconds(1))
                                            .build(),
                                    allocation)
                            .run();
        }
        assertThat(report.flawless()).isTrue();
        assertThat(allocation.bytes / report.messages()).isZero();
    }
}
