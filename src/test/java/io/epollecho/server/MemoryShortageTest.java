package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.epollecho.Alone;
import io.epollecho.Build;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/**
 * Memory runs out at each point of a path in turn. Whatever the point, the server goes on and
 * serves the others, or it has failed, says so, and leaves nothing open.
 */
@Tag("slow")
@Timeout(600)
@Alone("counts the descriptors of the process")
class MemoryShortageTest {

    /** Every point in a thorough build, otherwise every fourth. */
    private static final int STEP = Build.isThorough() ? 1 : 4;

    static List<String> paths() {
        return ShortageScenario.paths();
    }

    @SuppressWarnings("unchecked") // the method returns this type
    private static LongFunction<String> scenario(
            MemoryShortage.Loader loader, String path, long count) throws Exception {
        return (LongFunction<String>)
                loader.loadClass(ShortageScenario.class.getName())
                        .getMethod("on", String.class, long.class)
                        .invoke(null, path, count);
    }

    @ParameterizedTest
    @MethodSource("paths")
    void onePointFails(String path) throws Exception {
        // The watchdog passes the same few points in each of its checks, so steps reach them all.
        assertThat(failures(path, 1, path.equals("WATCHDOG") ? 7 : STEP)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("paths")
    void allAllocationsFailForAWhile(String path) throws Exception {
        assertThat(failures(path, 40, 7 * STEP)).isEmpty();
    }

    private static List<String> failures(String path, long count, int step) throws Exception {
        var loader = new MemoryShortage.Loader();
        LongFunction<String> scenario = scenario(loader, path, count);
        String _ =
                scenario.apply(Long.MAX_VALUE - count); // opens what the first use opens for good
        assertThat(scenario.apply(Long.MAX_VALUE - count)).isEqualTo("missed");
        List<String> loaded = List.copyOf(loader.loaded());
        var failures = new ArrayList<String>();
        int missed = 0;
        long point = 0;
        while (missed < 3) { // the number of points varies a little
            String result = scenario.apply(point);
            if (result.equals("missed")) {
                missed++;
            } else if (!result.equals("hit")) {
                failures.add("point " + point + ": " + result);
            }
            point += step;
        }
        assertThat(point).as("points on the path").isGreaterThan(10);
        assertThat(loader.loaded()).as("classes loaded when memory was short").isEqualTo(loaded);
        return failures;
    }
}
