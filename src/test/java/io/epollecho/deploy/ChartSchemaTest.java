package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.epollecho.spring.EchoServerProperties;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Tests that the schema refuses invalid values before anything is installed. */
@Tag("slow")
class ChartSchemaTest {

    private static final String REFUSED = "values don't meet the specifications of the schema";

    /** An unknown name next to a value of the chart is a mistake, so the schema refuses it. */
    @Test
    void refusesEveryUnknownName() {
        Map<String, Object> defaults = Chart.defaultValues();
        List<List<String>> parents = new ArrayList<>();
        collectParents(List.of(), defaults, parents);
        assertThat(parents).hasSizeGreaterThan(20);
        for (List<String> parent : parents) {
            List<String> path = append(parent, "unheardOf");
            assertRefused(with(path, "x"), String.join(".", path));
        }
    }

    /** So is a value of another type than the chart's own. */
    @Test
    void refusesEveryWrongType() {
        for (List<String> path : Chart.leaves(Chart.defaultValues())) {
            if (isFreeForm(path)) {
                continue;
            }
            Object value = Chart.valueAt(Chart.fullValues(), path);
            Object wrong = value instanceof List || value instanceof Map ? "text" : List.of("list");
            assertRefused(with(path, wrong), String.join(".", path));
            if (value instanceof Boolean || value instanceof Number) {
                assertRefused(with(path, "text"), String.join(".", path));
            } else if (value instanceof String) {
                assertRefused(with(path, true), String.join(".", path));
            }
        }
    }

    private static boolean isFreeForm(List<String> path) {
        return path.getFirst().endsWith("ecurityContext")
                || path.subList(0, Math.min(2, path.size()))
                        .equals(List.of("autoscaling", "behavior"));
    }

    private static void collectParents(
            List<String> path, Map<String, Object> values, List<List<String>> parents) {
        if (isFreeForm(path.isEmpty() ? List.of("") : path)
                || path.equals(List.of("config"))
                || path.equals(List.of("config", "server"))
                || (!path.isEmpty() && path.getLast().equals("labels"))
                || path.containsAll(List.of("resources", "limits"))
                || path.containsAll(List.of("resources", "requests"))) {
            return;
        }
        parents.add(path);
        values.forEach(
                (name, value) -> {
                    if (value instanceof Map<?, ?> nested && !nested.isEmpty()) {
                        collectParents(append(path, name), Chart.map(nested), parents);
                    }
                });
    }

    private static List<String> append(List<String> path, String name) {
        List<String> longer = new ArrayList<>(path);
        longer.add(name);
        return longer;
    }

    private static Map<String, Object> with(List<String> path, Object value) {
        Map<String, Object> values = new LinkedHashMap<>();
        Chart.parent(values, path).put(path.getLast(), value);
        return values;
    }

    private static void assertRefused(Map<String, Object> values, String what) {
        assertThatThrownBy(() -> Chart.render(values)).as(what).hasMessageContaining(REFUSED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "service: {type: ExternalName}",
                "service: {port: 0}",
                "service: {port: 65536}",
                "service: {port: 77.5}",
                "service: {ipFamilies: [IPv5]}",
                "service: {ipFamilies: [IPv4, IPv4]}",
                "service: {loadBalancerSourceRanges: [everybody]}",
                "service: {annotations: {number: 1}}",
                "image: {digest: 'sha256:abc'}",
                "image: {repository: ''}",
                "replicaCount: -1",
                "shutdown: {marginSeconds: 6}",
                "config: {echo.server.port: 7777}",
                "config: {echo: {server: {drainTimeout: 1s}}}",
                "config: {echo: {server: {port: 0}}}",
                "config: {echo: {server: {event-loops: 257}}}",
                "config: {echo: {server: {proxy-protocol: {trusted: [10.0.0.0/33]}}}}",
                "config: {echo: {server: {proxy-protocol: {trusted: ['fd00::/129']}}}}",
                "config: {echo: {server: {proxy-protocol: {trusted: [lb.example]}}}}",
                "prometheusRule: {pendingShare: 0.9}",
                "config: {echo: {server: {read-buffer-size: 64 KB}}}",
                "config: {echo: {server: {selector: kqueue}}}",
                "config: {echo: {server: {listeners: {default: {port: 7778}}}}}",
                "config: {echo: {server: {listeners: {second: {prot: 7778}}}}}",
                "config: {echo: {server: {connections: {ipv6-prefix-length: 129}}}}",
                "config: {echo: {server: {connections: {max-pending: 1PB}}}}",
                "config: {echo: {server: {shutdown: {linger-timeout: soon}}}}",
                "config: {echo: {server: {proxy-protocol: {mode: required, trusted: ''}}}}",
                "config: {echo: {server: {proxy-protocol: {mode: required, trusted: []}}}}",
                "config: {echo: {server: {proxy-protocol: {mode: required, trusted: ['']}}}}",
                "config: {server.port: 8080}",
                "config: {management: {server.port: 8080}}",
                "config: {spring: {lifecycle.timeout-per-shutdown-phase: 9s}}",
                "jvmOptions: ['-Xmx1g -Xms1g']",
                "resources: {limits: {memory: 128 MB}}",
                "autoscaling: {minReplicas: 0}",
                "podDisruptionBudget: {maxUnavailable: half}",
                "podDisruptionBudget: {unhealthyPodEvictionPolicy: Never}",
                "serviceMonitor: {interval: 15}",
                "prometheusRule: {connectionsShare: 90}",
                "prometheusRule: {pendingShare: 0}",
                "networkPolicy: {managementFrom: [{cidr: 10.0.0.0/8}]}",
                "extraEnv: [{value: x}]",
                "tolerations: [{effect: Sometimes}]",
                "kind: StatefulSet",
                "tls: {listeners: []}",
                "tls: {listeners: [Default]}",
                "service: {sessionAffinity: Cookie}",
                "service: {listenerPorts: {second: 0}}",
                "gateway: {tcpRoute: {parentRefs: [{sectionName: echo}]}}",
                "gateway: {tlsRoute: {hostnames: ['https://echo']}}",
                "extraObjects: [{kind: ConfigMap}]",
                "extraContainers: [{image: nameless}]",
                "config: {management: {server: {port: 0}}}",
                "test: {duration: 5}",
                "test: {duration: 0s}",
                "test: {connections: 1000001}"
            })
    void refuses(String values) {
        assertThatThrownBy(() -> Chart.render(values)).hasMessageContaining(REFUSED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "global: {anything: at all}",
                "config: {echo: {server: {proxy-protocol: {trusted: [10.0.0.0/8, 1.2.3.4]}}}}",
                "config: {echo: {server: {proxy-protocol: {trusted: ['::1', 'fd00::/128']}}}}",
                "config: {logging: {level: {io.epollecho.server: debug}}}",
                "config: {server: {tomcat: {threads: {max: 20}}}}",
                "config: {echo: {server: {read-budget: 1048576}}}",
                "config: {echo: {server: {listeners: {second: {port: 7778}}}}}",
                "config: {echo: {server: {connections: {max-pending: 1TB}}}}",
                "config: {echo: {server: {proxy-protocol: {trusted: [10.0.0.0/8]}}}}",
                "resources: {limits: {cpu: 0.5, memory: 134217728}}",
                "strategy: {type: Recreate, rollingUpdate: null}"
            })
    void allows(String values) {
        assertThatCode(() -> Chart.render(values)).doesNotThrowAnyException();
    }

    /** Otherwise the chart would refuse a property that the server supports. */
    @Test
    void knowsEveryPropertyOfTheServer() {
        JsonNode schema =
                JsonMapper.shared()
                        .readTree(Chart.read(Chart.DIRECTORY.resolve("values.schema.json")));
        JsonNode server = schema.at("/properties/config/properties/echo/properties/server");
        assertThat(namesIn(schema, server))
                .containsExactlyInAnyOrderElementsOf(namesOf(EchoServerProperties.class));
        assertThat(namesIn(schema, server.at("/properties/listeners/additionalProperties")))
                .containsExactlyInAnyOrderElementsOf(namesOf(EchoServerProperties.Listener.class));
    }

    private static List<String> namesIn(JsonNode schema, JsonNode object) {
        List<String> names = new ArrayList<>();
        object.at("/properties")
                .properties()
                .forEach(
                        property -> {
                            JsonNode value = resolve(schema, property.getValue());
                            if (value.at("/properties").isMissingNode()) {
                                names.add(property.getKey());
                            } else {
                                namesIn(schema, value)
                                        .forEach(name -> names.add(property.getKey() + "." + name));
                            }
                        });
        return names;
    }

    private static JsonNode resolve(JsonNode schema, JsonNode value) {
        JsonNode reference = value.at("/$ref");
        return reference.isMissingNode()
                ? value
                : schema.at(reference.asString().substring("#".length()));
    }

    private static List<String> namesOf(Class<?> type) {
        List<String> names = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String name = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
            if (component.getType().isRecord()) {
                namesOf(component.getType()).forEach(below -> names.add(name + "." + below));
            } else {
                names.add(name);
            }
        }
        return names;
    }
}
