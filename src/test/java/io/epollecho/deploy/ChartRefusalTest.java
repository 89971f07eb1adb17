package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that the chart refuses values that Kubernetes would refuse or that could never work. */
@Tag("slow")
class ChartRefusalTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    config: {echo: {server: {port: 8080}}}                                       | config.server.port is 8080, which is already config.echo.server.port
                    config: {echo: {server: {listeners: {b: {port: 8080}}}}}                     | config.server.port is 8080, which is already config.echo.server.listeners.b.port
                    config: {management: {server: {port: 7777}}}                                 | config.management.server.port is 7777, which is already config.echo.server.port
                    config: {echo: {server: {listeners: {a: {port: 1}, a-: {port: 2}}}}}         | The listeners a and a- would have the same port name, tcp-listener-a
                    config: {server: {ssl: {bundle: web, client-auth: need}}}                    | config.server.ssl.client-auth is need, but the kubelet has no client certificate
                    config: {management: {server: {port: 9, ssl: {bundle: w, client-auth: NEED}}}} | config.management.server.ssl.client-auth is need
                    config: {spring: {main: {web-application-type: none}}}                       | config.spring.main.web-application-type is none
                    config: {management: {endpoint: {health: {probes: {enabled: false}}}}}       | config.management.endpoint.health.probes.enabled is false
                    config: {management: {endpoint: {health: {access: none}}}}                   | The endpoint health is disabled by config.management
                    config: {management: {endpoints: {access: {default: none}}}}                 | The endpoint health is disabled by config.management
                    config: {management: {endpoints: {web: {exposure: {include: info}}}}}        | The endpoint health is not exposed
                    config: {management: {endpoints: {web: {exposure: {exclude: [health]}}}}}    | The endpoint health is not exposed
                    config: {management: {endpoints: {web: {path-mapping: {health: /}}}}}        | path-mapping.health is empty
                    strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}                  | maxSurge and maxUnavailable are both 0
                    strategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 0%}}                | maxSurge and maxUnavailable are both 0
                    extraEnv: [{name: ECHO_SERVER_PORT, value: "9"}]                             | extraEnv sets ECHO_SERVER_PORT
                    extraEnv: [{name: SERVER_PORT, value: "9"}]                                  | extraEnv sets SERVER_PORT
                    service: {loadBalancerSourceRanges: [192.0.2.0/24]}                          | a Service of the type ClusterIP does not restrict its clients
                    service: {ipFamilies: [IPv4, IPv6]}                                          | requires service.ipFamilyPolicy
                    service: {nodePort: 30000}                                                   | a Service of the type ClusterIP has none
                    tls: {trust: true}                                                           | tls.secretName is not set
                    fullnameOverride: "123"                                                      | Set fullnameOverride
                    fullnameOverride: Echo                                                       | Set fullnameOverride
                    """)
    void refusesWhatCannotWork(String values, String reason) {
        assertThatThrownBy(() -> Chart.renderUnchecked(values)).hasMessageContaining(reason);
    }

    @Test
    void refusesValuesThatContradictEachOther() {
        refuses(
                """
                config: {echo: {server: {listeners: {b: {port: 7777}}}}}
                service: {listenerPorts: {b: 9}}
                """,
                "config.echo.server.listeners.b.port is 7777, which is already"
                        + " config.echo.server.port");
        refuses(
                """
                config: {echo: {server: {listeners: {b: {port: 9}, c: {port: 9}}}}}
                service: {listenerPorts: {c: 10}}
                """,
                "config.echo.server.listeners.c.port is 9, which is already"
                        + " config.echo.server.listeners.b.port");
        refuses(
                """
                tls: {secretName: s, trust: true}
                config: {echo: {server: {ssl: {client-auth: need}}}}
                """,
                "helm test has no client certificate. Set tls.clientSecretName");
        refuses(
                """
                kind: DaemonSet
                hostNetwork: true
                """,
                "Set maxSurge to 0 and maxUnavailable to 1");
        refuses(
                """
                kind: DaemonSet
                strategy: {rollingUpdate: {maxUnavailable: 1}}
                """,
                "which a DaemonSet does not support");
        refuses(
                """
                hostNetwork: true
                networkPolicy: {echoFrom: [{podSelector: {}}]}
                """,
                "networkPolicy.echoFrom is set, but a NetworkPolicy has no effect");
        refuses(
                """
                tls: {secretName: s}
                test: {enabled: false}
                config: {echo: {server: {ssl: {client-auth: need}}}}
                """,
                "The listener default requires client certificates, but tls.trust is false");
        refuses(
                """
                tls: {secretName: s, trust: true}
                test: {enabled: false}
                probe: {enabled: true}
                config: {echo: {server: {ssl: {client-auth: need}}}}
                """,
                "the probe has no client certificate");
        refuses(
                """
                autoscaling: {enabled: true}
                resources: {requests: {cpu: null}}
                """,
                "is a share of resources.requests.cpu, which is not set");
        refuses(
                "gateway: {tcpRoute: {enabled: true, parentRefs: [{name: g}], port: 9}}",
                "gateway.tcpRoute.port is 9, which is no port of the echo Service. Its ports are:"
                        + " 7777");
        refuses(
                """
                serviceMonitor: {enabled: true}
                config: {management: {endpoints: {web: {exposure: {include: health}}}}}
                """,
                "The endpoint prometheus is not exposed");
    }

    private static void refuses(String values, String reason) {
        assertThatThrownBy(() -> Chart.renderUnchecked(values)).hasMessageContaining(reason);
    }

    /** Kubernetes permits no other value for these probes. */
    @ParameterizedTest
    @ValueSource(strings = {"startup", "liveness"})
    void refusesASuccessThreshold(String probe) {
        assertThatThrownBy(
                        () -> Chart.render("probes: {%s: {successThreshold: 2}}".formatted(probe)))
                .hasMessageContaining("/probes/" + probe + "/successThreshold");
        assertThat(Chart.render("probes: {readiness: {successThreshold: 2}}").kinds()).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "config: {server: {ssl: {bundle: web, client-auth: want}}}",
                "config: {server: {port: 9, ssl: {client-auth: need}}, management: {server: {port:"
                        + " 10}}}",
                "config: {management: {endpoints: {web: {exposure: {include: 'info, health'}}}}}",
                "config: {management: {endpoints: {web: {exposure: {include: '*'}}}}}",
                "config: {management: {server: {port: -1}}, spring: {main: {web-application-type:"
                        + " none}}}",
                "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 25%}}",
                "service: {ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack}",
            })
    void acceptsWhatWorks(String values) {
        assertThat(Chart.render(values).kinds()).contains("Deployment");
    }

    @Test
    void presentsAClientCertificate() {
        Rendered rendered =
                Chart.render(
                        """
                        tls: {secretName: s, trust: true, clientSecretName: c}
                        probe: {enabled: true}
                        config: {echo: {server: {ssl: {client-auth: need}}}}
                        """);
        for (var pod :
                new io.fabric8.kubernetes.api.model.PodSpec[] {
                    rendered.testPod(), rendered.probeTemplate().getSpec()
                }) {
            assertThat(pod.getContainers().getFirst().getArgs())
                    .containsSequence("--cert", "/client/tls.crt", "--key", "/client/tls.key");
            assertThat(pod.getContainers().getFirst().getVolumeMounts())
                    .anySatisfy(
                            mount -> {
                                assertThat(mount.getName()).isEqualTo("client");
                                assertThat(mount.getMountPath()).isEqualTo("/client");
                            });
            assertThat(pod.getVolumes())
                    .anySatisfy(volume -> assertThat(volume.getName()).isEqualTo("client"));
        }
        assertThat(Chart.render("test: {enabled: false}").kinds()).doesNotContain("Pod");
    }
}
