package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServiceSpec;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.TCPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.TLSRoute;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicySpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

/** Tests for Services, routes and network policies: who can reach the pods, and how. */
class ChartNetworkTest {

    @Test
    void servicesSelectThePodsAndTheirPorts() {
        for (Rendered rendered : List.of(Chart.renderDefaults(), Chart.renderFull())) {
            var labels = rendered.deployment().getSpec().getTemplate().getMetadata().getLabels();
            assertThat(rendered.all(Service.class))
                    .hasSizeGreaterThanOrEqualTo(2)
                    .allSatisfy(
                            service -> {
                                assertThat(labels)
                                        .containsAllEntriesOf(service.getSpec().getSelector());
                                assertThat(rendered.container().getPorts())
                                        .flatExtracting(
                                                port ->
                                                        List.of(
                                                                new IntOrString(port.getName()),
                                                                new IntOrString(
                                                                        port.getContainerPort())))
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
    void isReachableInsideTheClusterByDefault() {
        ServiceSpec service = echo("");
        assertThat(service.getType()).isEqualTo("ClusterIP");
        assertThat(service.getPorts()).singleElement().extracting(p -> p.getPort()).isEqualTo(7777);
        assertThat(service.getExternalTrafficPolicy()).isNull();
        assertThat(service.getIpFamilyPolicy()).isNull();
    }

    @Test
    void isReachableThroughNodePorts() {
        ServiceSpec service =
                echo("service: {type: NodePort, nodePort: 30007, externalTrafficPolicy: Local}");
        assertThat(service.getType()).isEqualTo("NodePort");
        assertThat(service.getPorts().getFirst().getNodePort()).isEqualTo(30007);
        assertThat(service.getExternalTrafficPolicy()).isEqualTo("Local");
        assertThat(service.getLoadBalancerSourceRanges()).isEmpty();
    }

    @Test
    void isReachableThroughADualStackLoadBalancer() {
        ServiceSpec service = Chart.renderFull().named(Service.class, "tcp-mirror").getSpec();
        assertThat(service.getType()).isEqualTo("LoadBalancer");
        assertThat(service.getLoadBalancerClass()).isEqualTo("example.com/internal");
        assertThat(service.getLoadBalancerSourceRanges())
                .containsExactly("192.0.2.0/24", "2001:db8::/32");
        assertThat(service.getIpFamilyPolicy()).isEqualTo("RequireDualStack");
        assertThat(service.getIpFamilies()).containsExactly("IPv6", "IPv4");
    }

    @Test
    void addsListenersToTheServiceAndTheNetworkPolicy() {
        String listeners =
                "config: {echo: {server: {listeners: {b: {port: 7779}, a-: {port: 7778}}}}}";
        Rendered rendered = Chart.render(listeners + "\nservice: {listenerPorts: {b: 79}}");
        assertThat(rendered.named(Service.class, "blue-epoll-echo").getSpec().getPorts())
                .extracting(ServicePort::getName, ServicePort::getPort, ServicePort::getTargetPort)
                .containsExactly(
                        tuple("tcp-echo", 7777, new IntOrString("echo")),
                        tuple("tcp-listener-a", 7778, new IntOrString(7778)),
                        tuple("tcp-listener-b", 79, new IntOrString(7779)));
        assertThat(rendered.container().getPorts())
                .extracting(port -> port.getContainerPort())
                .containsExactly(7777, 7778, 7779, 8080);
        assertThat(policy(rendered).getIngress().getFirst().getPorts())
                .extracting(port -> port.getPort())
                .containsExactly(
                        new IntOrString("echo"), new IntOrString(7778), new IntOrString(7779));
        assertThatThrownBy(() -> Chart.render("service: {listenerPorts: {b: 79}}"))
                .hasMessageContaining("service.listenerPorts.b names no listener");
        assertThatThrownBy(() -> Chart.render(listeners + "\nservice: {port: 7779}"))
                .hasMessageContaining("Set service.listenerPorts.b");
    }

    @Test
    void passesHintsForProxiesAndNodesToTheService() {
        ServiceSpec full = Chart.renderFull().named(Service.class, "tcp-mirror").getSpec();
        assertThat(full.getPorts())
                .hasSize(3)
                .extracting(ServicePort::getAppProtocol)
                .containsOnly("example.com/echo");
        assertThat(full.getSessionAffinity()).isEqualTo("ClientIP");
        assertThat(full.getSessionAffinityConfig().getClientIP().getTimeoutSeconds())
                .isEqualTo(600);
        assertThat(full.getTrafficDistribution()).isEqualTo("PreferSameZone");
        ServiceSpec defaults = echo("");
        assertThat(defaults.getPorts().getFirst().getAppProtocol()).isNull();
        assertThat(defaults.getSessionAffinity()).isNull();
        assertThat(defaults.getTrafficDistribution()).isNull();
    }

    @Test
    void headlessServiceHasThePortsOfThePods() {
        ServiceSpec headless =
                Chart.renderFull().named(Service.class, "tcp-mirror-headless").getSpec();
        assertThat(headless.getClusterIP()).isEqualTo("None");
        assertThat(headless.getType()).isNull();
        assertThat(headless.getPorts())
                .extracting(ServicePort::getPort)
                .containsExactly(7007, 7009, 7008);
        assertThat(Chart.renderDefaults().all(Service.class)).hasSize(2);
    }

    @Test
    void routesLeadToTheServices() {
        Rendered full = Chart.renderFull();
        var tcp = full.one(TCPRoute.class).getSpec();
        assertThat(tcp.getParentRefs().getFirst().getSectionName()).isEqualTo("echo");
        var tcpBackend = tcp.getRules().getFirst().getBackendRefs().getFirst();
        assertThat(tcpBackend.getName()).isEqualTo("tcp-mirror");
        assertThat(tcpBackend.getPort()).isEqualTo(7009);
        var tls = full.one(TLSRoute.class).getSpec();
        assertThat(tls.getHostnames()).containsExactly("echo.example.com");
        assertThat(tls.getRules().getFirst().getBackendRefs().getFirst().getPort()).isEqualTo(8007);
        var http = full.one(HTTPRoute.class).getSpec();
        assertThat(http.getHostnames()).containsExactly("status.example.com");
        var httpBackend = http.getRules().getFirst().getBackendRefs().getFirst();
        assertThat(httpBackend.getName()).isEqualTo("tcp-mirror-management");
        assertThat(httpBackend.getPort()).isEqualTo(9090);

        String gateway = "gateway: {%s: {enabled: true, parentRefs: [{name: g}], hostnames: [h]}}";
        assertThat(
                        Chart.render(
                                        "gateway: {tcpRoute: {enabled: true, parentRefs: [{name:"
                                                + " g}]}}")
                                .one(TCPRoute.class)
                                .getSpec()
                                .getRules()
                                .getFirst()
                                .getBackendRefs()
                                .getFirst()
                                .getPort())
                .isEqualTo(7777);
        assertThat(Chart.render(gateway.formatted("tlsRoute")).all(TLSRoute.class)).hasSize(1);
        assertThat(Chart.render(gateway.formatted("httpRoute")).all(HTTPRoute.class)).hasSize(1);
        assertThat(Chart.renderDefaults().kinds())
                .doesNotContain("TCPRoute", "TLSRoute", "HTTPRoute");
        assertThatThrownBy(() -> Chart.render("gateway: {tcpRoute: {enabled: true}}"))
                .hasMessageContaining("gateway.tcpRoute.parentRefs is empty");
        assertThatThrownBy(
                        () ->
                                Chart.render(
                                        "gateway: {tlsRoute: {enabled: true, parentRefs: [{name:"
                                                + " g}]}}"))
                .hasMessageContaining("gateway.tlsRoute.hostnames is empty");
    }

    /** Actuator endpoints may reveal internals, so they are never exposed outside the cluster. */
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
        return rendered.all(NetworkPolicy.class).stream()
                .filter(
                        policy ->
                                policy.getMetadata()
                                        .getName()
                                        .matches("blue-epoll-echo|tcp-mirror"))
                .findFirst()
                .orElseThrow()
                .getSpec();
    }

    /**
     * Another policy of the namespace may deny all egress, and without names nothing is reached.
     */
    @Test
    void thePodsOfProbeAndTestMayConnectUnderADefaultDeny() {
        Rendered rendered = Chart.render("probe: {enabled: true}");
        for (String name : List.of("blue-epoll-echo-probe", "blue-epoll-echo-test")) {
            NetworkPolicySpec policy = rendered.named(NetworkPolicy.class, name).getSpec();
            assertThat(policy.getPolicyTypes()).containsExactly("Ingress", "Egress");
            assertThat(policy.getEgress())
                    .singleElement()
                    .satisfies(rule -> assertThat(rule.getTo()).isEmpty())
                    .satisfies(rule -> assertThat(rule.getPorts()).isEmpty());
        }
        assertThat(rendered.testLabels())
                .containsAllEntriesOf(
                        rendered.named(NetworkPolicy.class, "blue-epoll-echo-test")
                                .getSpec()
                                .getPodSelector()
                                .getMatchLabels());
    }

    private static List<NetworkPolicyIngressRule> rules(NetworkPolicySpec policy, String port) {
        return policy.getIngress().stream()
                .filter(rule -> rule.getPorts().getFirst().getPort().getStrVal().equals(port))
                .toList();
    }

    @Test
    void allowsOnlyEchoTrafficByDefault() {
        NetworkPolicySpec policy = policy(Chart.renderDefaults());
        assertThat(policy.getPodSelector().getMatchLabels())
                .isEqualTo(
                        Chart.renderDefaults()
                                .deployment()
                                .getSpec()
                                .getSelector()
                                .getMatchLabels());
        assertThat(rules(policy, "echo")).singleElement().matches(rule -> rule.getFrom().isEmpty());
        assertThat(rules(policy, "http")).isEmpty();
        assertThat(policy.getPolicyTypes()).containsExactly("Ingress", "Egress");
        assertThat(policy.getEgress()).isEmpty();
    }

    @Test
    void allowsOnlyTheConfiguredPeers() {
        NetworkPolicySpec policy = policy(Chart.renderFull());
        List<NetworkPolicyPeer> echo = rules(policy, "echo").getFirst().getFrom();
        assertThat(echo).hasSize(4);
        assertThat(echo.getFirst().getPodSelector().getMatchLabels())
                .as("the pod of helm test is always allowed")
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
    void notesExplainHowToConnect() {
        assertThat(Chart.notes(""))
                .contains(
                        "The image epoll-echo:%s is not in any registry. Build it"
                                .formatted(Chart.appVersion()),
                        "helm --namespace net test blue",
                        "port-forward service/blue-epoll-echo 7777:7777",
                        "http://127.0.0.1:8080/actuator/echo\n\nA deleted pod has 35 s")
                .doesNotContain("WARNING", "TLS", "PROXY", "\n\n\n");
        assertThat(Chart.notes("service: {type: NodePort}")).contains(".spec.ports[0].nodePort");
        assertThat(Chart.notes(Chart.read(Chart.FULL_VALUES)))
                .contains("get service tcp-mirror", "nc \"$HOST\" 7\n", "/manage/echo")
                .contains("WARNING: serviceMonitor and podMonitor are both enabled")
                .doesNotContain("is not in any registry", "%!", "\n\n\n");
        assertThat(Chart.notes("serviceMonitor: {enabled: true}"))
                .contains("WARNING: networkPolicy.managementFrom is empty");
        assertThat(Chart.notes("prometheusRule: {enabled: true}"))
                .contains("WARNING: the alert rules require the scrape");
    }

    /** A client without the layers of the port would get no echo. */
    @Test
    void notesNameTheLayersOfThePort() {
        assertThat(Chart.notes("tls: {secretName: echo-tls}"))
                .contains("use openssl s_client instead of nc.\n\nShow its status")
                .doesNotContain("PROXY");
        assertThat(Chart.notes("config: {echo: {server: {proxy-protocol: {mode: required}}}}"))
                .contains("Connect through a load balancer that sends it.\n\nShow its status");
        assertThat(
                        Chart.notes(
                                """
                                config:
                                  echo:
                                    server:
                                      proxy-protocol: {mode: required, trusted: [10.0.0.0/8]}
                                """))
                .contains("must contain the pods of helm test and of the probe.\n\nShow");
    }
}
