package io.epollecho.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.epollecho.epoll.EpollSelectorProvider;
import io.epollecho.server.SelectorBackend.Choice;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.channels.spi.SelectorProvider;
import java.util.Optional;

class SelectorBackendTest {

    private static final String REASON = "epoll requires Linux, but this is Plan 9.";

    @ParameterizedTest(name = "{0}, {1}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "AUTO  |       | epoll, edge-triggered",
                "AUTO  | EDGE  | epoll, edge-triggered",
                "AUTO  | LEVEL | epoll, level-triggered",
                "EPOLL |       | epoll, edge-triggered",
                "EPOLL | EDGE  | epoll, edge-triggered",
                "EPOLL | LEVEL | epoll, level-triggered",
                "JDK   |       | jdk, level-triggered",
                "JDK   | LEVEL | jdk, level-triggered",
            })
    void isTheChosenBackendIfEpollIsAvailable(
            Choice choice, @Nullable TriggerMode triggerMode, String backend) {
        assertThat(SelectorBackend.choose(choice, triggerMode)).hasToString(backend);
    }

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({"AUTO,", "AUTO, LEVEL", "JDK,", "JDK, LEVEL"})
    void isTheJdkSelectorIfEpollIsNotAvailable(Choice choice, @Nullable TriggerMode triggerMode) {
        assertThat(SelectorBackend.choose(choice, triggerMode, Optional.of(REASON)))
                .isEqualTo(SelectorBackend.jdk());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "EPOLL |       | selector is epoll: it must be jdk or auto here. " + REASON,
                "EPOLL | LEVEL | selector is epoll: it must be jdk or auto here. " + REASON,
                "AUTO  | EDGE  | trigger-mode is edge: it must be level here, because only epoll"
                        + " supports edge. "
                        + REASON,
                "JDK   | EDGE  | trigger-mode is edge: it must be level, because the JDK's selector"
                        + " has no other mode. For edge, set selector to epoll.",
            })
    void rejectsAnUnavailableChoice(
            Choice choice, @Nullable TriggerMode triggerMode, String message) {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> SelectorBackend.choose(choice, triggerMode, Optional.of(REASON)))
                .withMessage(message);
    }

    @Test
    void rejectsEdgeOnTheJdkSelectorEvenIfEpollIsAvailable() {
        assertThatExceptionOfType(InvalidSettingException.class)
                .isThrownBy(() -> SelectorBackend.choose(Choice.JDK, TriggerMode.EDGE));
    }

    @Test
    void reportsTheTriggerModeOfItsProvider() {
        SelectorProvider level = EpollSelectorProvider.levelTriggered();
        SelectorProvider edge = EpollSelectorProvider.edgeTriggered();
        assertThat(SelectorBackend.of("x", level).triggerMode()).isEqualTo(TriggerMode.LEVEL);
        assertThat(SelectorBackend.of("x", edge).triggerMode()).isEqualTo(TriggerMode.EDGE);
        assertThat(SelectorBackend.jdk().triggerMode()).isEqualTo(TriggerMode.LEVEL);
    }

    @Test
    void equalsTheSameNameAndProvider() {
        SelectorBackend edge = SelectorBackend.epoll(TriggerMode.EDGE);
        assertThat(SelectorBackend.epoll(TriggerMode.EDGE))
                .isEqualTo(edge)
                .hasSameHashCodeAs(edge)
                .isNotEqualTo(SelectorBackend.epoll(TriggerMode.LEVEL))
                .isNotEqualTo(SelectorBackend.of("other", edge.provider()));
    }
}
