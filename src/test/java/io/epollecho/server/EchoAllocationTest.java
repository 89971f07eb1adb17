package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;

import io.epollecho.Alone;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Set;

/** An echo produces no garbage. */
@Setups
@Alone("waits for the compiler, which hardly gets a processor beside other tests")
class EchoAllocationTest extends Scenarios {

    /**
     * The bytes that tens of thousands of echoes may allocate: less than one object per echo would
     * take.
     */
    private static final long ALLOCATION_SLACK = 8_192;

    /**
     * An echo allocates no memory, so there is nothing to collect, no matter how long the server
     * runs. Over TLS, the engine allocates some.
     */
    @Test
    void echoAllocatesNothing() throws IOException {
        EchoServer server = start();
        Set<Thread> loops = loopThreads();
        assertThat(loops).hasSize(eventLoops());
        List<Peer> peers = connect(server, eventLoops());
        echo(peers, 10_000);
        // On a busy machine, a round may allocate a little until the compiler is done. An
        // allocation per echo would show in every round.
        long allowed = ALLOCATION_SLACK + 20_000 * transport().allocatedPerEcho();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 12 && least >= allowed; round++) {
            long before = allocatedBy(loops);
            echo(peers, 20_000);
            least = Math.min(least, allocatedBy(loops) - before);
        }
        assertThat(least).as("bytes allocated by 20,000 echoes").isLessThan(allowed);
    }

    private static void echo(List<Peer> peers, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            peers.get(i % peers.size()).echo(64);
        }
    }

    private static long allocatedBy(Set<Thread> threads) {
        var threadMonitor = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.stream()
                .mapToLong(thread -> threadMonitor.getThreadAllocatedBytes(thread.threadId()))
                .sum();
    }
}
