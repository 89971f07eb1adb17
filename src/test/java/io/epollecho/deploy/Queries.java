package io.epollecho.deploy;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The Prometheus queries of dashboard and alert rules. */
final class Queries {

    /** Matches a series selector. All of the chart's have braces, unlike function calls. */
    private static final Pattern SERIES = Pattern.compile("([a-z_]+)\\{([^}]*)}");

    private static final Pattern CONDITION = Pattern.compile("([a-z_]+)=~?\"([^\"]*)\"");
    private static final Pattern GROUPING = Pattern.compile("(by|without) \\(([^)]*)\\)");
    private static final Pattern TOTAL = Pattern.compile("(sum|max)\\(");

    /** A function that combines the series of all buckets into one. */
    private static final String QUANTILE = "histogram_quantile(";

    private Queries() {}

    /**
     * A series selector of a query.
     *
     * @param metric the name of the metric
     * @param conditions the conditions on its labels
     */
    record Series(String metric, List<Condition> conditions) {}

    /** A condition on a label, whose pattern is the value itself unless the operator is "=~". */
    record Condition(String label, String pattern) {}

    static List<Series> series(String query) {
        return SERIES.matcher(query)
                .results()
                .map(found -> new Series(found.group(1), conditions(found.group(2))))
                .toList();
    }

    private static List<Condition> conditions(String braces) {
        return CONDITION
                .matcher(braces)
                .results()
                .map(found -> new Condition(found.group(1), found.group(2)))
                .toList();
    }

    /** Returns both sides of a division, or the whole query. No query has two divisions. */
    static List<String> operands(String query) {
        return List.of(query.split(" / ", -1));
    }

    /** Returns the labels in the "by" or "without" clause of an operand. */
    static Set<String> groups(String operand) {
        Matcher found = GROUPING.matcher(operand);
        return found.find() ? Set.of(found.group(2).split(", *", -1)) : Set.of();
    }

    /**
     * Returns the labels of the result of an operand.
     *
     * @param labels the labels of the series that it reads
     */
    static Set<String> resultLabels(String operand, Set<String> labels) {
        Matcher found = GROUPING.matcher(operand);
        if (found.find()) {
            var result = new TreeSet<>(labels);
            if (found.group(1).equals("by")) {
                result.retainAll(groups(operand));
            } else {
                result.removeAll(groups(operand));
            }
            if (operand.startsWith(QUANTILE)) {
                result.remove("le");
            }
            return result;
        }
        return TOTAL.matcher(operand).lookingAt() ? Set.of() : labels;
    }

    /**
     * A query of the dashboard.
     *
     * @param query the PromQL expression
     * @param legend the template for the legend of each line
     */
    record Line(String query, String legend) {}

    static List<Line> ofDashboard() {
        JsonNode dashboard =
                JsonMapper.shared()
                        .readTree(
                                Chart.read(Chart.DIRECTORY.resolve("dashboards/epoll-echo.json")));
        return dashboard.findParents("expr").stream()
                .map(
                        target ->
                                new Line(
                                        target.at("/expr").stringValue(),
                                        target.at("/legendFormat").stringValue()))
                .toList();
    }

    static List<String> ofRules(Rendered rendered) {
        return new ArrayList<>(
                PrometheusRules.of(rendered).stream().map(PrometheusRules.Alert::query).toList());
    }
}
