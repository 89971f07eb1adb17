package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests for the shutdown times, which must be the same for Kubernetes and Spring. */
class ChartShutdownTest {

    @ParameterizedTest
    @CsvSource({
        "20s, 35, 25s",
        "0s, 15, 5s",
        "1m, 75, 65s",
        "500ms, 16, 6s",
        "1001ms, 17, 7s",
        "1500, 17, 7s",
        "2h, 7215, 7205s",
        "1d, 86415, 86405s"
    })
    void followTheDrainTimeout(String drain, long gracePeriod, String phase) {
        Rendered rendered =
                Chart.render(
                        "config: {echo: {server: {shutdown: {drain-timeout: %s}}}}"
                                .formatted(drain));
        assertThat(rendered.pod().getTerminationGracePeriodSeconds()).isEqualTo(gracePeriod);
        assertThat(rendered.applicationYml())
                .contains("timeout-per-shutdown-phase: " + phase + "\n");
    }

    @Test
    void useTheDefaultIfThereIsNoDrainTimeout() {
        assertThat(Chart.render("config: {echo: null}").pod().getTerminationGracePeriodSeconds())
                .as("5 s before SIGTERM, the application's default of 20 s, and a margin of 10 s")
                .isEqualTo(35);
    }

    @Test
    void followPreStopAndMargin() {
        Rendered rendered = Chart.render("shutdown: {preStopSeconds: 30, marginSeconds: 60}");
        assertThat(rendered.pod().getTerminationGracePeriodSeconds()).isEqualTo(110);
        assertThat(rendered.container().getLifecycle().getPreStop().getSleep().getSeconds())
                .isEqualTo(30);
        Rendered without = Chart.render("shutdown: {preStopSeconds: 0}");
        assertThat(without.pod().getTerminationGracePeriodSeconds()).isEqualTo(30);
        assertThat(without.container().getLifecycle()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT20S", "20 s", "20sec", "-1s", "1.5s", "5ns", "'s'", "''"})
    void areRefusedIfInvalid(String drain) {
        String values =
                "config: {echo: {server: {shutdown: {drain-timeout: %s}}}}".formatted(drain);
        assertThatThrownBy(() -> Chart.render(values)).hasMessageContaining("drain-timeout");
        assertThatThrownBy(() -> Chart.renderUnchecked(values))
                .hasMessageContaining("config.echo.server.shutdown.drain-timeout is \"")
                .hasMessageContaining(
                        "Use a number with the unit ms, s, m, h or d, such as 20s, 500ms or 1m");
    }

    @Test
    void cannotBeSetTwice() {
        assertThatThrownBy(
                        () ->
                                Chart.render(
                                        "config: {spring: {lifecycle: {timeout-per-shutdown-phase:"
                                                + " 9s}}}"))
                .hasMessageContaining("is derived from config.echo.server.shutdown.drain-timeout");
    }
}
