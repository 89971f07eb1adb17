package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServiceSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicySpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

/** Who reaches the pods, and how. */
class ChartNetworkTest {

    @Test
    void servicesSelectThePodsAndTheirPorts() {
        for (Rendered rendered : List.of(Chart.renderDefaults(), Chart.renderFull())) {
            var labels =
                    rendered.one(Deployment.class)
                            .getSpec()
                            .getTemplate()
                            .getMetadata()
                            .getLabels();
            assertThat(rendered.all(Service.class))
                    .hasSize(2)
                    .allSatisfy(
                            service -> {
                                assertThat(labels)
                                        .containsAllEntriesOf(service.getSpec().getSelector());
                                assertThat(rendered.container().getPorts())
                                        .extracting(port -> new IntOrString(port.getName()))
                                        .containsAll(targets(service));
                            });
        }
    }

    private static List<IntOrString> targets(Service service) {
        return service.getSpec().getPorts().stream().map(ServicePort::getTargetPort).toList();
    }

    private static ServiceSpec echo(String values) {
        return Chart.render(values).named(Service.class, "blue-epoll-echo").getSpec();
    }

    @Test
    void isReachedInsideTheClusterByDefault() {
        ServiceSpec service = echo("");
        assertThat(service.getType()).isEqualTo("ClusterIP");
        assertThat(service.getPorts()).singleElement().extracting(p -> p.getPort()).isEqualTo(7777);
        assertThat(service.getExternalTrafficPolicy()).isNull();
        assertThat(service.getIpFamilyPolicy()).isNull();
    }

    @Test
    void isReachedAtTheNodesIfAskedTo() {
        ServiceSpec service =
                echo("service: {type: NodePort, nodePort: 30007, externalTrafficPolicy: Local}");
        assertThat(service.getType()).isEqualTo("NodePort");
        assertThat(service.getPorts().getFirst().getNodePort()).isEqualTo(30007);
        assertThat(service.getExternalTrafficPolicy()).isEqualTo("Local");
        assertThat(service.getLoadBalancerSourceRanges()).isEmpty();
    }

    @Test
    void isReachedThroughALoadBalancerInBothFamiliesIfAskedTo() {
        ServiceSpec service = Chart.renderFull().named(Service.class, "tcp-mirror").getSpec();
        assertThat(service.getType()).isEqualTo("LoadBalancer");
        assertThat(service.getLoadBalancerClass()).isEqualTo("example.com/internal");
        assertThat(service.getLoadBalancerSourceRanges())
                .containsExactly("192.0.2.0/24", "2001:db8::/32");
        assertThat(service.getIpFamilyPolicy()).isEqualTo("RequireDualStack");
        assertThat(service.getIpFamilies()).containsExactly("IPv6", "IPv4");
    }

    /** Its endpoints may tell more than the outside should know. */
    @ParameterizedTest
    @ValueSource(strings = {"ClusterIP", "NodePort", "LoadBalancer"})
    void managementStaysInsideTheCluster(String type) {
        Rendered rendered = Chart.render("service: {type: %s}".formatted(type));
        assertThat(rendered.named(Service.class, "blue-epoll-echo").getSpec().getPorts())
                .extracting(ServicePort::getTargetPort)
                .containsExactly(new IntOrString("echo"));
        assertThat(rendered.named(Service.class, "blue-epoll-echo-management").getSpec().getType())
                .isEqualTo("ClusterIP");
    }

    private static NetworkPolicySpec policy(Rendered rendered) {
        return rendered.one(NetworkPolicy.class).getSpec();
    }

    private static List<NetworkPolicyIngressRule> rules(NetworkPolicySpec policy, String port) {
        return policy.getIngress().stream()
                .filter(rule -> rule.getPorts().getFirst().getPort().getStrVal().equals(port))
                .toList();
    }

    @Test
    void everybodyMayEchoAndNobodyElseGetsInByDefault() {
        NetworkPolicySpec policy = policy(Chart.renderDefaults());
        assertThat(policy.getPodSelector().getMatchLabels())
                .isEqualTo(
                        Chart.renderDefaults()
                                .one(Deployment.class)
                                .getSpec()
                                .getSelector()
                                .getMatchLabels());
        assertThat(rules(policy, "echo")).singleElement().matches(rule -> rule.getFrom().isEmpty());
        assertThat(rules(policy, "http")).isEmpty();
        assertThat(policy.getPolicyTypes()).containsExactly("Ingress", "Egress");
        assertThat(policy.getEgress()).isEmpty();
    }

    @Test
    void letsInOnlyWhoIsNamed() {
        NetworkPolicySpec policy = policy(Chart.renderFull());
        List<NetworkPolicyPeer> echo = rules(policy, "echo").getFirst().getFrom();
        assertThat(echo).hasSize(3);
        assertThat(echo.getFirst().getPodSelector().getMatchLabels())
                .as("the pod of helm test is always one of them")
                .isNotEmpty()
                .satisfies(
                        selector ->
                                assertThat(Chart.renderFull().testLabels())
                                        .containsAllEntriesOf(selector));
        assertThat(rules(policy, "http"))
                .singleElement()
                .satisfies(
                        rule -> {
                            assertThat(rule.getFrom()).hasSize(1);
                            assertThat(rule.getFrom().getFirst().getNamespaceSelector())
                                    .isNotNull();
                            assertThat(rule.getFrom().getFirst().getPodSelector()).isNotNull();
                        });
        assertThat(policy.getEgress()).hasSize(1);
    }

    @Test
    void notesTellHowToReachIt() {
        assertThat(Chart.notes(""))
                .contains(
                        "helm --namespace net test blue",
                        "port-forward service/blue-epoll-echo 7777:7777",
                        "http://127.0.0.1:8080/actuator/echo",
                        "has 35 s")
                .doesNotContain("WARNING");
        assertThat(Chart.notes("service: {type: NodePort}")).contains(".spec.ports[0].nodePort");
        assertThat(Chart.notes(Chart.read(Chart.FULL_VALUES)))
                .contains("get service tcp-mirror", "nc \"$HOST\" 7\n", "/manage/echo")
                .doesNotContain("WARNING", "%!");
        assertThat(Chart.notes("serviceMonitor: {enabled: true}"))
                .contains("WARNING: networkPolicy.managementFrom is empty");
        assertThat(Chart.notes("prometheusRule: {enabled: true}"))
                .contains("WARNING: the alert rules expect the scrape");
    }
}
