package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogLimiterTest {

    private static final long SECOND = 1_000_000_000;

    private final LogLimiter limiter = new LogLimiter();

    /** {@link System#nanoTime()} may begin anywhere, and overflow. */
    @ParameterizedTest
    @ValueSource(longs = {0, -SECOND / 2, Long.MIN_VALUE, Long.MAX_VALUE - SECOND / 2})
    void letsOneASecondThroughAndCountsTheOthers(long start) {
        assertThat(limiter.permits(start)).isZero();
        assertThat(limiter.permits(start)).isNegative();
        assertThat(limiter.permits(start + SECOND / 2)).isNegative();
        assertThat(limiter.permits(start + SECOND - 1)).isNegative();
        assertThat(limiter.permits(start + SECOND)).isEqualTo(3);
        assertThat(limiter.permits(start + SECOND + 1)).isNegative();
        assertThat(limiter.permits(start + 9 * SECOND)).isEqualTo(1);
        assertThat(limiter.permits(start + 19 * SECOND)).isZero();
    }

    @Test
    void speaksForTheOthers() {
        assertThat(LogLimiter.alike(0)).isEmpty();
        assertThat(LogLimiter.alike(7)).isEqualTo(" (and 7 more like this)");
    }
}
