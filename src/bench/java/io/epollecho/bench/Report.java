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

/** The report of a run: Markdown tables, a CSV file with all samples, and charts. */
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
                "Medians of %d rounds of %.1f s, with quartiles; seed %d. The server ran on CPU 0"
                        + " and the client on CPU 1, over loopback, and every byte was verified."
                        + " Compare figures only within this run: %s and %s are the same program,"
                        + " and so are %s and %s. The CPU time is that of the server's threads"
                        + " except the JIT compiler's.",
                options.rounds(),
                options.millis() / 1e3,
                options.seed(),
                Contenders.C,
                Contenders.C_AGAIN,
                Contenders.TLS,
                Contenders.TLS_AGAIN);
        line("");
        line(
                "%s, Java %s, kernel %s",
                System.getProperty("os.arch"), Runtime.version(), System.getProperty("os.version"));
        if (rows.stream().anyMatch(Row::isTls)) {
            line("");
            line(
                    "TLS: %s, %s, %s, ECDSA certificate on P-256, full handshakes; the client uses"
                            + " OpenSSL.",
                    Certificate.PROTOCOL, Certificate.CIPHER_SUITE, Certificate.GROUP);
        }
        remarks.forEach(remark -> line("%n- %s", remark));
        writeRatios("C", false);
        writeRatios("Netty with epoll and the JDK's TLS", true);
        for (Row row : rows) {
            if (row.metric() == Metric.THROUGHPUT) {
                writeThroughput(row);
            } else {
                write(row);
            }
        }
    }

    /** Writes an overview of throughput and CPU time. */
    private void writeRatios(String base, boolean tls) {
        List<Row> timed =
                rows.stream()
                        .filter(row -> row.metric() == Metric.THROUGHPUT && row.isTls() == tls)
                        .toList();
        if (timed.isEmpty()) {
            return;
        }
        writeRatios("Throughput relative to " + base, timed, Metric.THROUGHPUT);
        if (!tls && contenders.stream().anyMatch(it -> it.name().equals(Contenders.SPRING))) {
            writeRatio(timed, Contenders.SPRING, Contenders.PLAIN);
            if (contenders.stream().anyMatch(it -> it.name().equals(Contenders.BASELINE))) {
                writeRatio(timed, Contenders.SPRING, Contenders.BASELINE);
            }
        }
        writeRatios("Server CPU time relative to " + base, timed, Metric.CPU_PER_ECHO);
    }

    private void writeRatios(String title, List<Row> timed, Metric metric) {
        heading(title);
        line("| | %s |", String.join(" | ", timed.stream().map(Row::name).toList()));
        line("|---|%s", "---:|".repeat(timed.size()));
        for (Contender contender : contenders) {
            if (timed.stream().anyMatch(row -> row.fits(contender))) {
                var cells = timed.stream().map(row -> ratio(row, contender, metric)).toList();
                line("| %s | %s |", contender.name(), String.join(" | ", cells));
            }
        }
    }

    private void writeRatio(List<Row> timed, String contender, String base) {
        var cells =
                timed.stream()
                        .map(
                                row ->
                                        results.summary(row.name(), contender, Metric.THROUGHPUT)
                                                .map(it -> ratio(it, throughput(row, base)))
                                                .orElse("–"))
                        .toList();
        line("| *%s / %s* | %s |", contender, base, String.join(" | ", cells));
    }

    private void writeThroughput(Row row) {
        heading(row.name());
        List<Metric> more =
                row.metrics().stream().skip(1).filter(it -> isMeasured(row, it)).toList();
        line(
                "| | %s | / %s | / best Netty%s | %s |",
                Metric.THROUGHPUT.label,
                base(row),
                row.isTls() ? " with the JDK's TLS" : "",
                String.join(" | ", labels(more)));
        line("|---|%s", "---:|".repeat(more.size() + 3));
        for (Contender contender : contenders) {
            summary(row, contender, Metric.THROUGHPUT)
                    .ifPresent(
                            found ->
                                    line(
                                            "| %s | %s | %s | %s | %s |",
                                            contender.name(),
                                            median(row, contender, Metric.THROUGHPUT),
                                            ratio(found, throughput(row, base(row))),
                                            ratio(found, bestNetty(row)),
                                            medians(row, contender, more)));
        }
    }

    private void write(Row row) {
        heading(row.name());
        line("| | %s |", String.join(" | ", labels(row.metrics())));
        line("|---|%s", "---:|".repeat(row.metrics().size()));
        for (Contender contender : contenders) {
            if (row.fits(contender)) {
                line("| %s | %s |", contender.name(), medians(row, contender, row.metrics()));
            }
        }
    }

    private static List<String> labels(List<Metric> metrics) {
        return metrics.stream().map(metric -> metric.label).toList();
    }

    private boolean isMeasured(Row row, Metric metric) {
        return results.samples().stream()
                .anyMatch(it -> it.row().equals(row.name()) && it.metric() == metric);
    }

    private Optional<Summary> summary(Row row, Contender contender, Metric metric) {
        return results.summary(row.name(), contender.name(), metric);
    }

    private String medians(Row row, Contender contender, List<Metric> metrics) {
        return String.join(" | ", metrics.stream().map(it -> median(row, contender, it)).toList());
    }

    /** Returns the median, with the quartiles if they differ. */
    private String median(Row row, Contender contender, Metric metric) {
        return summary(row, contender, metric)
                .map(
                        found ->
                                found.lower() == found.upper()
                                        ? format(metric, found.median())
                                        : "%s (%s – %s)"
                                                .formatted(
                                                        format(metric, found.median()),
                                                        format(metric, found.lower()),
                                                        format(metric, found.upper())))
                .orElse("–");
    }

    private static String base(Row row) {
        return row.isTls() ? Contenders.TLS_NETTY : Contenders.C;
    }

    private Optional<Double> throughput(Row row, String contender) {
        return results.best(row.name(), Metric.THROUGHPUT, List.of(contender));
    }

    /** Returns the best result of the Netty contenders, except those with OpenSSL. */
    private Optional<Double> bestNetty(Row row) {
        var netties =
                contenders.stream()
                        .filter(it -> it.isNetty() && !it.isOpenSsl())
                        .map(Contender::name)
                        .toList();
        return results.best(row.name(), Metric.THROUGHPUT, netties);
    }

    private String ratio(Row row, Contender contender, Metric metric) {
        var base = results.best(row.name(), metric, List.of(base(row)));
        return summary(row, contender, metric).map(found -> ratio(found, base)).orElse("–");
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
