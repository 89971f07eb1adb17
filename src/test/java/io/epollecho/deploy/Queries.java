package io.epollecho.deploy;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What dashboard and alert rules ask Prometheus for. */
final class Queries {

    /** All queries of the chart choose their series in braces, which no function call has. */
    private static final Pattern SERIES = Pattern.compile("([a-z_]+)\\{([^}]*)}");

    private static final Pattern CONDITION = Pattern.compile("([a-z_]+)=~?\"([^\"]*)\"");
    private static final Pattern GROUPING = Pattern.compile("(by|without) \\(([^)]*)\\)");
    private static final Pattern TOTAL = Pattern.compile("(sum|max)\\(");

    /** It makes one series of all buckets. */
    private static final String QUANTILE = "histogram_quantile(";

    private Queries() {}

    /**
     * Time series that a query reads.
     *
     * @param metric its name
     * @param conditions the labels it chooses by, with the wanted value or pattern
     */
    record Series(String metric, List<Condition> conditions) {}

    /** One condition on a label; the pattern is the value itself where no pattern is meant. */
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

    /** Both sides of a division, or the whole query; none of the chart's has more than one. */
    static List<String> operands(String query) {
        return List.of(query.split(" / ", -1));
    }

    /** The labels that are named where an operand is aggregated. */
    static Set<String> groups(String operand) {
        Matcher found = GROUPING.matcher(operand);
        return found.find() ? Set.of(found.group(2).split(", *", -1)) : Set.of();
    }

    /**
     * The labels that the result of an operand has.
     *
     * @param labels those of the series that it reads
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
     * @param query what it asks for
     * @param legend the template of the name of each of its lines
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
