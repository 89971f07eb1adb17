package io.epollecho.deploy;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.ArrayList;
import java.util.List;

/** The alert rules of the chart. */
final class PrometheusRules {

    private PrometheusRules() {}

    /** An alert rule with its annotations. */
    record Alert(String name, String query, String severity, String summary, String runbook) {}

    static List<Alert> of(Rendered rendered) {
        JsonNode rules =
                JsonMapper.shared()
                        .<JsonNode>valueToTree(rendered.custom("PrometheusRule"))
                        .at("/spec/groups/0/rules");
        List<Alert> alerts = new ArrayList<>();
        for (JsonNode rule : rules) {
            alerts.add(
                    new Alert(
                            rule.at("/alert").asString(""),
                            rule.at("/expr").asString(""),
                            rule.at("/labels/severity").asString(""),
                            rule.at("/annotations/summary").asString(""),
                            rule.at("/annotations/runbook").asString("")));
        }
        return alerts;
    }
}
