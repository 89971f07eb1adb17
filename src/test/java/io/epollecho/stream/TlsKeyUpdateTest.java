package io.epollecho.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.ChildJvm;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Tests with new keys for almost every record. They run in a separate JVM, because the JDK reads
 * the limit only once.
 */
@Timeout(120)
@Tag("slow")
class TlsKeyUpdateTest {

    @TempDir private Path directory;

    @Test
    void echoesThroughManyKeyUpdates() throws Exception {
        // 8 MiB, with new keys after each 64 KiB in either direction.
        assertThat(run("exchange", 16)).containsExactly("echoed");
    }

    /** Key updates that answer each other must make neither side spin or stop. */
    @Test
    void echoesThroughAStormOfKeyUpdates() throws Exception {
        assertThat(run("exchange", 8)).containsExactly("echoed");
    }

    /** A peer that requests updates and does not read the answers must not consume memory. */
    @Test
    void stopsReadingIfThePeerDoesNotReadTheAnswers() throws Exception {
        assertThat(run("unread", 8)).containsExactly("stopped", "read the rest");
    }

    private List<String> run(String scenario, int exponent)
            throws IOException, InterruptedException {
        Path properties = directory.resolve("security");
        Files.writeString(
                properties,
                "jdk.tls.keyLimits=AES/GCM/NoPadding KeyUpdate 2^"
                        + exponent
                        + System.lineSeparator());
        return ChildJvm.runWithOnly(
                List.of("-Djava.security.properties=" + properties),
                KeyUpdates.class,
                List.of(scenario));
    }
}
