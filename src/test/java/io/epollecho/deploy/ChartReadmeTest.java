package io.epollecho.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tests that the table of values in the chart's README matches the comments in {@code values.yaml}.
 * To regenerate the table, run {@code ./mvnw -q -B -ntp test -Dtest=ChartReadmeTest
 * -Dwrite-chart-readme}.
 */
class ChartReadmeTest {

    private static final Path README = Chart.DIRECTORY.resolve("README.md");
    private static final String BEGIN = "<!-- values: begin -->\n";
    private static final String END = "<!-- values: end -->\n";
    private static final Pattern KEY = Pattern.compile("( *)([A-Za-z][\\w-]*):.*");
    private static final Pattern COMMENT = Pattern.compile(" *# ?(.*)");
    private static final String DESCRIPTION = "-- ";

    /** A value with its description. */
    private record Row(List<String> path, String description) {}

    @Test
    void tableMatchesTheComments() throws IOException {
        String readme = Files.readString(README);
        int begin = readme.indexOf(BEGIN) + BEGIN.length();
        int end = readme.indexOf(END);
        String table = table(rows());
        if (System.getProperty("write-chart-readme") != null) {
            Files.writeString(README, readme.substring(0, begin) + table + readme.substring(end));
            return;
        }
        assertThat(readme.substring(begin, end))
                .as("./mvnw -q -B -ntp test -Dtest=ChartReadmeTest -Dwrite-chart-readme")
                .isEqualTo(table);
    }

    @Test
    void everyValueIsDescribed() throws IOException {
        List<List<String>> described = rows().stream().map(Row::path).toList();
        assertThat(Chart.leaves(Chart.defaultValues()))
                .allSatisfy(
                        path ->
                                assertThat(described)
                                        .as("%s or one of its parents", path)
                                        .anyMatch(above -> startsWith(path, above)));
    }

    private static boolean startsWith(List<String> path, List<String> above) {
        return path.size() >= above.size() && path.subList(0, above.size()).equals(above);
    }

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        List<String> path = new ArrayList<>();
        List<String> comment = new ArrayList<>();
        for (String line : Files.readAllLines(Chart.DIRECTORY.resolve("values.yaml"))) {
            Matcher key = KEY.matcher(line);
            Matcher text = COMMENT.matcher(line);
            if (text.matches()) {
                comment.add(text.group(1));
            } else if (key.matches()) {
                int depth = key.group(1).length() / 2;
                path = new ArrayList<>(path.subList(0, Math.min(depth, path.size())));
                path.add(key.group(2));
                if (!comment.isEmpty() && comment.getFirst().startsWith(DESCRIPTION)) {
                    String description = String.join(" ", comment).substring(DESCRIPTION.length());
                    rows.add(new Row(List.copyOf(path), description));
                }
                comment.clear();
            } else {
                comment.clear();
            }
        }
        return rows;
    }

    private static String table(List<Row> rows) {
        Map<String, Object> defaults = Chart.defaultValues();
        var table = new StringBuilder("| Value | Default | Description |\n| --- | --- | --- |\n");
        for (Row row : rows) {
            String value =
                    JsonMapper.shared().writeValueAsString(Chart.valueAt(defaults, row.path()));
            table.append(
                    "| `%s` | `%s` | %s |\n"
                            .formatted(String.join(".", row.path()), value, row.description()));
        }
        return table.toString();
    }
}
