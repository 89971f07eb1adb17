package io.epollecho.bench;

import io.epollecho.bench.Results.Sample;
import io.epollecho.bench.Results.Summary;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Writes the results down: tables for people, all samples for programs, and pictures. */
final class Report {

    private final Results results;
    private final List<Contender> contenders;
    private final List<Row> rows;
    private final Options options;
    private final List<String> remarks;
    private final StringBuilder markdown = new StringBuilder();

    Report(
            Results results,
            List<Contender> contenders,
            List<Row> rows,
            Options options,
            List<String> remarks) {
        this.results = results;
        this.contenders = contenders;
        this.rows = rows;
        this.options = options;
        this.remarks = remarks;
    }

    static String format(Metric metric, @Nullable Double value) {
        return value == null ? "–" : String.format(Locale.ROOT, metric.format, value);
    }

    void write(Path directory) throws IOException {
        writeMarkdown();
        Files.writeString(directory.resolve("results.md"), markdown);
        Files.write(directory.resolve("results.csv"), csv());
        new Charts(results, contenders, rows).write(directory);
        System.out.println(markdown);
        System.out.println("Written to " + directory);
    }

    private List<String> csv() {
        var lines = new ArrayList<String>();
        lines.add("row,contender,round,metric,value");
        for (Sample sample : results.samples()) {
            lines.add(
                    "%s,%s,%d,%s,%s"
                            .formatted(
                                    sample.row(),
                                    sample.contender(),
                                    sample.round(),
                                    sample.metric(),
                                    sample.value()));
        }
        return lines;
    }

    private void writeMarkdown() {
        line("# Benchmark results");
        line("");
        line(
                "Medians of %d rounds of %.1f s, with the least and the most; seed %d. Server on"
                        + " CPU 0, client on CPU 1, loopback; every byte was checked. Compare only"
                        + " within this run; %s and c-again are the same program.",
                options.rounds(), options.millis() / 1e3, options.seed(), Contenders.C);
        line("");
        line(
                "%s, Java %s, kernel %s",
                System.getProperty("os.arch"), Runtime.version(), System.getProperty("os.version"));
        remarks.forEach(remark -> line("%n- %s", remark));
        writeRatios();
        for (Row row : rows) {
            switch (row.metric()) {
                case THROUGHPUT -> writeThroughput(row);
                case P999 -> write(row, Metric.P50, Metric.P99, Metric.P999, Metric.CPU_PER_ECHO);
                case RESIDENT_PER_IDLE ->
                        write(row, Metric.HEAP_PER_IDLE, Metric.RESIDENT_PER_IDLE);
                default -> write(row, row.metric());
            }
        }
    }

    /** Throughput at a glance. */
    private void writeRatios() {
        List<Row> timed = rows.stream().filter(row -> row.metric() == Metric.THROUGHPUT).toList();
        if (timed.isEmpty()) {
            return;
        }
        heading("Throughput as a share of C's");
        var names = timed.stream().map(Row::name).toList();
        line("| | %s |", String.join(" | ", names));
        line("|---|%s", "---:|".repeat(timed.size()));
        for (Contender contender : contenders) {
            var cells = names.stream().map(row -> ratio(row, contender, c(row))).toList();
            line("| %s | %s |", contender.name(), String.join(" | ", cells));
        }
        writeRatio(names, Contenders.SPRING, Contenders.PLAIN);
        if (contenders.stream().anyMatch(it -> it.name().equals(Contenders.BASELINE))) {
            writeRatio(names, Contenders.SPRING, Contenders.BASELINE);
        }
    }

    private void writeRatio(List<String> rowNames, String contender, String base) {
        var cells =
                rowNames.stream()
                        .map(
                                row ->
                                        results.summary(row, contender, Metric.THROUGHPUT)
                                                .map(it -> ratio(it, throughput(row, base)))
                                                .orElse("–"))
                        .toList();
        line("| *%s / %s* | %s |", contender, base, String.join(" | ", cells));
    }

    private void writeThroughput(Row row) {
        heading(row.name());
        line(
                "| | %s | least – most | / C | / best Netty | %s |",
                Metric.THROUGHPUT.label, Metric.CPU_PER_ECHO.label);
        line("|---|---:|---:|---:|---:|---:|");
        for (Contender contender : contenders) {
            summary(row, contender, Metric.THROUGHPUT)
                    .ifPresent(
                            found ->
                                    line(
                                            "| %s | %s | %s – %s | %s | %s | %s |",
                                            contender.name(),
                                            format(Metric.THROUGHPUT, found.median()),
                                            format(Metric.THROUGHPUT, found.min()),
                                            format(Metric.THROUGHPUT, found.max()),
                                            ratio(found, c(row.name())),
                                            ratio(found, netty(row.name())),
                                            median(row, contender, Metric.CPU_PER_ECHO)));
        }
    }

    private void write(Row row, Metric... metrics) {
        heading(row.name());
        var labels = new ArrayList<String>();
        for (Metric metric : metrics) {
            labels.add(metric.label);
        }
        line("| | %s |", String.join(" | ", labels));
        line("|---|%s", "---:|".repeat(metrics.length));
        for (Contender contender : contenders) {
            var cells = new ArrayList<String>();
            for (Metric metric : metrics) {
                cells.add(median(row, contender, metric));
            }
            line("| %s | %s |", contender.name(), String.join(" | ", cells));
        }
    }

    private Optional<Summary> summary(Row row, Contender contender, Metric metric) {
        return results.summary(row.name(), contender.name(), metric);
    }

    /** With the range, if there is one. */
    private String median(Row row, Contender contender, Metric metric) {
        return summary(row, contender, metric)
                .map(
                        found ->
                                found.min() == found.max()
                                        ? format(metric, found.median())
                                        : "%s (%s – %s)"
                                                .formatted(
                                                        format(metric, found.median()),
                                                        format(metric, found.min()),
                                                        format(metric, found.max())))
                .orElse("–");
    }

    private Optional<Double> c(String row) {
        return throughput(row, Contenders.C);
    }

    private Optional<Double> throughput(String row, String contender) {
        return results.best(row, Metric.THROUGHPUT, List.of(contender));
    }

    private Optional<Double> netty(String row) {
        var netties = contenders.stream().filter(Contender::isNetty).map(Contender::name).toList();
        return results.best(row, Metric.THROUGHPUT, netties);
    }

    private String ratio(String row, Contender contender, Optional<Double> base) {
        return results.summary(row, contender.name(), Metric.THROUGHPUT)
                .map(found -> ratio(found, base))
                .orElse("–");
    }

    private static String ratio(Summary found, Optional<Double> base) {
        return base.map(value -> String.format(Locale.ROOT, "%.2f", found.median() / value))
                .orElse("–");
    }

    private void heading(String text) {
        line("");
        line("## %s", text);
        line("");
    }

    @SuppressWarnings("AnnotateFormatMethod") // Error Prone's annotation is not in the classpath
    private void line(String format, Object... values) {
        markdown.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
