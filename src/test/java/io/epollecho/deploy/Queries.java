package io.epollecho.deploy;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What dashboard and alert rules ask Prometheus for. */
final class Queries {

    /** All queries of the chart choose their series in braces, which no function call has. */
    private static final Pattern SERIES = Pattern.compile("([a-z_]+)\\{([^}]*)}");

    private static final Pattern MATCHER = Pattern.compile("([a-z_]+)=~?\"([^\"]*)\"");
    private static final Pattern BY = Pattern.compile("by \\(([^)]*)\\)");

    private Queries() {}

    /**
     * Time series that a query reads.
     *
     * @param metric its name
     * @param matchers the labels it chooses by, with the wanted value or pattern
     */
    record Series(String metric, List<Matcher> matchers) {}

    /** One condition on a label; the pattern is the value itself where no pattern is meant. */
    record Matcher(String label, String pattern) {}

    static List<Series> series(String query) {
        return SERIES.matcher(query)
                .results()
                .map(found -> new Series(found.group(1), matchers(found.group(2))))
                .toList();
    }

    private static List<Matcher> matchers(String braces) {
        return MATCHER.matcher(braces)
                .results()
                .map(found -> new Matcher(found.group(1), found.group(2)))
                .toList();
    }

    /** The labels that a query groups by. */
    static Set<String> groups(String query) {
        Set<String> labels = new LinkedHashSet<>();
        for (MatchResult by : BY.matcher(query).results().toList()) {
            labels.addAll(List.of(by.group(1).split(", *", -1)));
        }
        return labels;
    }

    static List<String> ofDashboard() {
        JsonNode dashboard =
                JsonMapper.shared()
                        .readTree(
                                Chart.read(Chart.DIRECTORY.resolve("dashboards/epoll-echo.json")));
        return dashboard.findValues("expr").stream().map(JsonNode::stringValue).toList();
    }

    static List<String> ofRules(Rendered rendered) {
        return new ArrayList<>(
                PrometheusRules.of(rendered).stream().map(PrometheusRules.Alert::query).toList());
    }
}
