package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetSpec;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Tests for the number of pods, autoscaling and the disruption budget. */
class ChartScalingTest {

    @Test
    void leavesTheNumberOfPodsToTheAutoscaler() {
        assertThat(replicas("replicaCount: 5")).isEqualTo(5);
        assertThat(replicas("replicaCount: 0")).isZero();
        assertThat(replicas("replicaCount: 5\nautoscaling: {enabled: true}")).isNull();
    }

    private static @Nullable Integer replicas(String values) {
        return Chart.render(values).deployment().getSpec().getReplicas();
    }

    @Test
    void scalesByCpuAndByConnections() {
        HorizontalPodAutoscalerSpec scaler =
                Chart.renderFull().one(HorizontalPodAutoscaler.class).getSpec();
        assertThat(scaler.getScaleTargetRef().getName())
                .isEqualTo(Chart.renderFull().deployment().getMetadata().getName());
        assertThat(scaler.getMetrics())
                .extracting(MetricSpec::getType)
                .containsExactly("Resource", "Pods", "Resource");
        assertThat(scaler.getMetrics().get(1).getPods().getMetric().getName())
                .isEqualTo("echo_server_connections_active");

        assertThat(
                        Chart.render("autoscaling: {enabled: true}")
                                .one(HorizontalPodAutoscaler.class)
                                .getSpec()
                                .getMetrics())
                .singleElement()
                .extracting(metric -> metric.getResource().getName())
                .isEqualTo("cpu");
    }

    @Test
    void refusesAnAutoscalerThatCannotWork() {
        assertThatThrownBy(
                        () ->
                                Chart.render(
                                        "autoscaling: {enabled: true, minReplicas: 5, maxReplicas:"
                                                + " 4}"))
                .hasMessageContaining(
                        "autoscaling.minReplicas is 5, but must be at most autoscaling.maxReplicas,"
                                + " which is 4");
        assertThatThrownBy(
                        () ->
                                Chart.render(
                                        "autoscaling:\n"
                                            + "  {enabled: true, targetCPUUtilizationPercentage:"
                                            + " null}"))
                .hasMessageContaining("autoscaling requires a metric");
    }

    @Test
    void limitsDisruptionByMaximumOrMinimum() {
        assertThat(budget("").getMaxUnavailable()).isEqualTo(new IntOrString(1));
        assertThat(budget("podDisruptionBudget: {maxUnavailable: 25%}").getMaxUnavailable())
                .isEqualTo(new IntOrString("25%"));
        PodDisruptionBudgetSpec atLeast =
                budget("podDisruptionBudget: {maxUnavailable: null, minAvailable: 2}");
        assertThat(atLeast.getMinAvailable()).isEqualTo(new IntOrString(2));
        assertThat(atLeast.getMaxUnavailable()).isNull();
        assertThat(budget("").getSelector().getMatchLabels())
                .isEqualTo(
                        Chart.renderDefaults()
                                .deployment()
                                .getSpec()
                                .getSelector()
                                .getMatchLabels());
        assertThatThrownBy(() -> budget("podDisruptionBudget: {minAvailable: 2}"))
                .hasMessageContaining(
                        "podDisruptionBudget requires exactly one of minAvailable and");
    }

    private static PodDisruptionBudgetSpec budget(String values) {
        return Chart.render(values).one(PodDisruptionBudget.class).getSpec();
    }
}
