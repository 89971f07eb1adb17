package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;

import io.epollecho.Alone;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * Tests that the probe allocates no memory per echo. A garbage-collection pause of the probe would
 * look like one of the server.
 */
@Timeout(60)
@Alone("waits for the compiler, which hardly gets a processor beside other tests")
class ProbeAllocationTest {

    /** Ends the run after the first interval in which an echo allocates at most this much. */
    private static final class Allocation implements ProbeListener {

        private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        private final long limit;
        private @Nullable Probe probe;
        private long before;
        private long least = Long.MAX_VALUE;

        Allocation(long limit) {
            this.limit = limit;
        }

        @Override
        public void interval(ProbeInterval interval) {
            long allocated = threads.getCurrentThreadAllocatedBytes();
            if (interval.messages() > 100) {
                least = Math.min(least, (allocated - before) / interval.messages());
            }
            if (least <= limit && probe != null) {
                probe.stop();
            }
            before = threads.getCurrentThreadAllocatedBytes();
        }
    }

    /** Code that is not compiled yet does allocate, so the test waits for a clean interval. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 5000})
    void anEchoAllocatesNothing(double rate) throws IOException {
        var allocation = new Allocation(boxedByTheSelector());
        try (var server = new FaultyEchoServer((peer, bytes, _) -> peer.send(bytes))) {
            Probe probe =
                    Probe.open(
                            ProbeOptions.builder(server.address())
                                    .connections(4)
                                    .rate(rate)
                                    .duration(Duration.ofSeconds(20))
                                    .interval(Duration.ofMillis(250))
                                    .build(),
                            allocation);
            allocation.probe = probe;
            assertThat(probe.run().flawless()).isTrue();
        }
        assertThat(allocation.least).isLessThanOrEqualTo(allocation.limit);
    }

    /** The JDK's selector boxes each descriptor; an Integer above 127 is not cached. */
    private static long boxedByTheSelector() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.count() > 100 ? 16 : 0;
        }
    }
}
