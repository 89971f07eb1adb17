package io.epollecho.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class RateLimitedLogTest {

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    private long now = 1_000_000_007;
    private final TimerWheel timers = new TimerWheel(now);
    private final RateLimitedLog log = new RateLimitedLog(timers, () -> now);
    private final List<String> lines = new ArrayList<>();

    private void event(String text) {
        log.log(others -> lines.add(text + others));
    }

    private void pass(long nanos) {
        now += nanos;
        timers.advance(now);
        timers.expire(now);
    }

    @Test
    void writesTheFirstLineAtOnce() {
        event("a");
        assertThat(lines).containsExactly("a");
    }

    @Test
    void writesTheLineHeldBackAfterASecondWithoutAnotherEvent() {
        event("a");
        event("b");
        event("c");
        pass(SECOND / 2);
        assertThat(lines).containsExactly("a");
        pass(SECOND / 2 + 20 * MILLI);
        assertThat(lines).containsExactly("a", "c (and 1 more like this)");
    }

    @Test
    void everyEventIsInExactlyOneLine() {
        for (int i = 0; i < 5000; i++) {
            event("x");
            pass(MILLI);
        }
        pass(2 * SECOND);
        long events =
                lines.stream()
                        .mapToLong(
                                line ->
                                        line.equals("x")
                                                ? 1
                                                : 1 + Long.parseLong(line.replaceAll("\\D", "")))
                        .sum();
        assertThat(events).isEqualTo(5000);
        assertThat(lines).hasSizeBetween(5, 7);
    }

    @Test
    void writesNothingIfNoLineIsHeldBack() {
        event("a");
        pass(3 * SECOND);
        assertThat(lines).containsExactly("a");
        event("b");
        assertThat(lines).containsExactly("a", "b");
    }

    @Test
    void flushWritesTheLineHeldBackWithoutWaiting() {
        event("a");
        event("b");
        log.flush();
        assertThat(lines).containsExactly("a", "b");
        pass(3 * SECOND);
        assertThat(lines).containsExactly("a", "b");
    }
}
