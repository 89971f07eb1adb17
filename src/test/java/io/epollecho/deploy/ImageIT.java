package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Alone;
import io.epollecho.EchoPeer;
import io.epollecho.Ports;
import io.epollecho.Stopwatch;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** Tests for the time and memory that the image's AOT cache saves. */
@Alone("compares the times that processes take to start")
@Tag("full")
class ImageIT {

    private static final int ROUNDS = 3;
    private static final int MOST_ROUNDS = 8;
    private static final int ECHOES = 100;
    private static final Duration EXIT = Duration.ofSeconds(20);
    private static final int SIGTERM_EXIT = 128 + 15;
    private static final long CONTAINER = 160;

    /**
     * The figures of one start.
     *
     * @param seconds from the start of the process until it first reports that it is ready
     * @param resident resident memory in MiB after echoes and scrapes
     * @param anonymous the part of it in MiB that is not backed by files
     */
    private record Start(double seconds, long resident, long anonymous) {

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "ready in %.2f s, resident %d MiB, %d MiB of it anonymous",
                    seconds,
                    resident,
                    anonymous);
        }
    }

    /**
     * Compares the cache with the runnable jar, which would be used without the cache, and prints
     * the effect of the extraction alone. Other work on the machine can only increase a time, so
     * the test repeats the rounds and compares the shortest times.
     */
    @Test
    void cacheHalvesTheStartAndSavesMemory() throws Exception {
        List<Start> cached = new ArrayList<>();
        List<Start> extracted = new ArrayList<>();
        List<Start> jar = new ArrayList<>();
        while (cached.size() < ROUNDS
                || (cached.size() < MOST_ROUNDS && quickest(cached) > quickest(jar) / 2)) {
            cached.add(start(Image::command));
            extracted.add(start(Image::commandWithoutCache));
            jar.add(start(Image::commandOfRunnableJar));
            System.out.printf("extracted, AOT cache: %s%n", cached.getLast());
            System.out.printf("extracted, no cache:  %s%n", extracted.getLast());
            System.out.printf("runnable jar:         %s%n", jar.getLast());
        }

        assertThat(quickest(cached))
                .isLessThanOrEqualTo(quickest(jar) / 2)
                .as("the cache saves a quarter beyond the extraction")
                .isLessThan(quickest(extracted) * 3 / 4);
        assertThat(most(cached)).isLessThan(most(extracted)).isLessThan(CONTAINER * 5 / 8);
    }

    /** Returns the shortest time, which other work on the machine disturbed least. */
    private static double quickest(List<Start> starts) {
        return Collections.min(starts.stream().map(Start::seconds).toList());
    }

    private static long most(List<Start> starts) {
        return Collections.max(starts.stream().map(Start::anonymous).toList());
    }

    private static Start start(UnaryOperator<List<String>> command) throws Exception {
        int echoPort = Ports.free();
        int httpPort = Ports.free();
        List<String> arguments =
                List.of("--echo.server.port=" + echoPort, "--server.port=" + httpPort);
        var watch = Stopwatch.start();
        try (RunningImage image =
                RunningImage.start(command.apply(arguments), httpPort).awaitReady()) {
            double seconds = watch.elapsed().toNanos() / 1e9;
            for (int i = 0; i < ECHOES; i++) {
                EchoPeer.assertEchoes(echoPort);
            }
            assertThat(image.actuator().get("prometheus").status()).isEqualTo(200);
            var start = new Start(seconds, image.memory("VmRSS"), image.memory("RssAnon"));
            image.terminate();
            assertThat(image.awaitExit(EXIT)).isEqualTo(SIGTERM_EXIT);
            return start;
        }
    }
}
