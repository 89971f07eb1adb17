package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OwnThreads.class)
class HeapLimitTest {

    private static EchoServerConfig withMaxPending(long bytes) {
        return EchoServerConfig.builder().selector(SelectorBackend.jdk()).maxPending(bytes).build();
    }

    @Test
    void warnsIfTheLimitsExceedTheHeap() {
        long heap = Runtime.getRuntime().maxMemory();
        try (var log = new CapturedLog()) {
            HeapLimit.check(withMaxPending(heap), 1);
            assertThat(log.events())
                    .singleElement()
                    .satisfies(
                            event -> {
                                assertThat(event.getLevel()).isEqualTo(Level.WARN);
                                assertThat(event.getFormattedMessage())
                                        .contains("connections.max", "connections.max-pending")
                                        .contains("-Xmx", String.valueOf(heap >> 20));
                            });
        }
    }

    /** Most of what a connection with TLS needs is in the JDK's engine. */
    @Test
    void countsAConnectionWithTlsAsSeveralPlainOnes() {
        int connections = (int) (Runtime.getRuntime().maxMemory() / 4_000);
        EchoServerConfig plain = withMaxPending(1 << 20);
        EchoServerConfig tls =
                EchoServerConfig.builder()
                        .selector(SelectorBackend.jdk())
                        .maxPending(1L << 20)
                        .listener("tls", plain.listener("default").withTls(Transport.serverTls()))
                        .port(0)
                        .build();
        try (var log = new CapturedLog()) {
            HeapLimit.check(plain, connections);
            assertThat(log.events()).isEmpty();
            HeapLimit.check(tls, connections);
            assertThat(log.events()).hasSize(1);
        }
    }

    @Test
    void isSilentIfTheLimitsFit() {
        try (var log = new CapturedLog()) {
            HeapLimit.check(withMaxPending(1 << 20), 1);
            assertThat(log.events()).isEmpty();
        }
    }
}
