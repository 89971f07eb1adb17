package io.epollecho.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;

class DurationsTest {

    @ParameterizedTest
    @CsvSource({
        "5, PT5S",
        "0, PT0S",
        "0.5s, PT0.5S",
        "0.5, PT0.5S",
        "250ms, PT0.25S",
        "1.5m, PT90S",
        "2h, PT2H",
        "365d, PT8760H",
        "999999999d, PT23999999976H",
    })
    void parsesDurations(String text, Duration duration) {
        assertThat(Durations.parse(text)).isEqualTo(duration);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "-1s", "1 s", "s", "1.s", ".5s", "1e3", "1us", "1s2", "999999999999d"})
    void rejectsInvalidText(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Durations.parse(text));
    }
}
