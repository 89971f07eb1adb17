package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The times of a shutdown, which Kubernetes and Spring have to agree on. */
class ChartShutdownTest {

    @ParameterizedTest
    @CsvSource({
        "20s, 35, 27s",
        "0s, 15, 7s",
        "1m, 75, 67s",
        "500ms, 16, 8s",
        "1001ms, 17, 9s",
        "1500, 17, 9s",
        "2h, 7215, 7207s",
        "1d, 86415, 86407s"
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

    @ParameterizedTest
    @CsvSource({"5s, 35, 27s", "0s, 30, 22s", "1m, 90, 82s", "1001ms, 32, 24s"})
    void followTheLingerTimeout(String linger, long gracePeriod, String phase) {
        Rendered rendered =
                Chart.render(
                        "config: {echo: {server: {shutdown: {linger-timeout: %s}}}}"
                                .formatted(linger));
        assertThat(rendered.pod().getTerminationGracePeriodSeconds()).isEqualTo(gracePeriod);
        assertThat(rendered.applicationYml())
                .contains("timeout-per-shutdown-phase: " + phase + "\n");
    }

    @Test
    void followTheLingerTimeout() {
        Rendered rendered =
                Chart.render("config: {echo: {server: {shutdown: {linger-timeout: 1500ms}}}}");
        assertThat(rendered.pod().getTerminationGracePeriodSeconds()).isEqualTo(32);
        assertThat(rendered.applicationYml()).contains("timeout-per-shutdown-phase: 24s\n");
    }

    @Test
    void addUpWithoutADrainTimeoutAsWell() {
        assertThat(Chart.render("config: {echo: null}").pod().getTerminationGracePeriodSeconds())
                .as("5 s before, the application's own 20 s and 5 s, 5 s margin")
                .isEqualTo(35);
    }

    @Test
    void followPreStopAndMargin() {
        Rendered rendered = Chart.render("shutdown: {preStopSeconds: 30, marginSeconds: 60}");
        assertThat(rendered.pod().getTerminationGracePeriodSeconds()).isEqualTo(115);
        assertThat(rendered.container().getLifecycle().getPreStop().getSleep().getSeconds())
                .isEqualTo(30);
        Rendered without = Chart.render("shutdown: {preStopSeconds: 0}");
        assertThat(without.pod().getTerminationGracePeriodSeconds()).isEqualTo(30);
        assertThat(without.container().getLifecycle()).isNull();
    }

    @Test
    void areRefusedForLingeringAsWell() {
        assertThatThrownBy(
                        () ->
                                Chart.renderUnchecked(
                                        "config: {echo: {server: {shutdown: {linger-timeout:"
                                                + " PT5S}}}}"))
                .hasMessageContaining("config.echo.server.shutdown.linger-timeout is \"PT5S\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT20S", "20 s", "20sec", "-1s", "1.5s", "5ns", "'s'", "''"})
    void areRefusedWhereTheyCannotBeRead(String drain) {
        String values =
                "config: {echo: {server: {shutdown: {drain-timeout: %s}}}}".formatted(drain);
        assertThatThrownBy(() -> Chart.render(values)).hasMessageContaining("drain-timeout");
        assertThatThrownBy(() -> Chart.renderUnchecked(values))
                .hasMessageContaining("config.echo.server.shutdown.drain-timeout is \"")
                .hasMessageContaining(
                        "allowed is a number with ms, s, m, h or d, such as 20s, 500ms or 1m");
    }

    @Test
    void areNotSetTwice() {
        assertThatThrownBy(
                        () ->
                                Chart.render(
                                        "config: {spring: {lifecycle: {timeout-per-shutdown-phase:"
                                                + " 9s}}}"))
                .hasMessageContaining("is derived from config.echo.server.shutdown.drain-timeout");
    }
}
