package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Writes a report, for people or for programs. */
final class ReportFormat {

    private static final double MICRO = 1e3;
    private static final double MEBI = 1024.0 * 1024.0;

    private record Percentile(String name, double of) {}

    private static final List<Percentile> PERCENTILES =
            List.of(
                    new Percentile("p50", 50),
                    new Percentile("p90", 90),
                    new Percentile("p99", 99),
                    new Percentile("p99.9", 99.9),
                    new Percentile("p99.99", 99.99),
                    new Percentile("max", 100));

    private static final String INDENT = " ".repeat(13);

    private ReportFormat() {}

    static String text(ProbeReport report) {
        var lines = new ArrayList<String>();
        lines.add(
                format(
                        "connections  %d of %d: failed to connect %d, reset %d, stalled %d",
                        report.connections() - report.lost(),
                        report.connections(),
                        report.connectFailures(),
                        report.count(FailureKind.RESET),
                        report.count(FailureKind.STALLED)));
        String label = "failures     ";
        for (FailureCount failure : report.failures()) {
            lines.add(
                    format(
                            "%s%s %d, first: %s",
                            label, failure.kind(), failure.count(), failure.first()));
            label = INDENT;
        }
        if (!report.greetings().isEmpty()) {
            lines.add(
                    report.greetings().entrySet().stream()
                            .map(entry -> entry.getKey() + " " + entry.getValue())
                            .collect(Collectors.joining(", ", "greeted by   ", "")));
        }
        lines.add(
                format(
                        "messages     %d of %d planned, in %.3f s, %.0f/s",
                        report.messages(),
                        report.planned(),
                        report.elapsed().toNanos() / 1e9,
                        report.messagesPerSecond()));
        lines.add(
                format(
                        "bytes        %d, %.2f MiB/s: wrong %d, missing %d",
                        report.bytes(),
                        report.bytesPerSecond() / MEBI,
                        report.wrongBytes(),
                        report.missingBytes()));
        var latency = new StringBuilder("latency/us  ");
        for (Percentile percentile : PERCENTILES) {
            latency.append(format(" %s %.1f", percentile.name, nanos(report, percentile) / MICRO));
        }
        lines.add(latency.toString());
        lines.add(
                report.flawless()
                        ? "result       every byte came back right"
                        : "result       FAILED");
        return String.join(System.lineSeparator(), lines);
    }

    static String json(ProbeReport report) {
        var fields = new ArrayList<String>();
        fields.add(format("\"ok\":%b", report.flawless()));
        fields.add(format("\"connections\":%d", report.connections()));
        fields.add(format("\"connectFailures\":%d", report.connectFailures()));
        fields.add(format("\"resets\":%d", report.count(FailureKind.RESET)));
        fields.add(format("\"stalls\":%d", report.count(FailureKind.STALLED)));
        report.firstFailure()
                .ifPresent(failure -> fields.add("\"firstFailure\":" + quoted(failure)));
        if (!report.failures().isEmpty()) {
            fields.add("\"failures\":" + failures(report));
        }
        if (!report.greetings().isEmpty()) {
            fields.add("\"greetings\":" + greetings(report));
        }
        fields.add(format("\"messagesPlanned\":%d", report.planned()));
        fields.add(format("\"messages\":%d", report.messages()));
        fields.add(format("\"bytes\":%d", report.bytes()));
        fields.add(format("\"wrongBytes\":%d", report.wrongBytes()));
        fields.add(format("\"missingBytes\":%d", report.missingBytes()));
        fields.add(format("\"elapsedNanos\":%d", report.elapsed().toNanos()));
        fields.add(format("\"messagesPerSecond\":%.1f", report.messagesPerSecond()));
        fields.add(format("\"bytesPerSecond\":%.1f", report.bytesPerSecond()));
        var latency = new ArrayList<String>();
        for (Percentile percentile : PERCENTILES) {
            latency.add(format("\"%s\":%d", percentile.name, nanos(report, percentile)));
        }
        fields.add("\"latencyNanos\":{" + String.join(",", latency) + "}");
        return "{" + String.join(",", fields) + "}";
    }

    private static String failures(ProbeReport report) {
        return report.failures().stream()
                .map(
                        failure ->
                                format(
                                        "{\"kind\":%s,\"count\":%d,\"first\":%s}",
                                        quoted(failure.kind().toString()),
                                        failure.count(),
                                        quoted(failure.first())))
                .collect(Collectors.joining(",", "[", "]"));
    }

    private static String greetings(ProbeReport report) {
        return report.greetings().entrySet().stream()
                .map(entry -> quoted(entry.getKey()) + ":" + entry.getValue())
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static long nanos(ProbeReport report, Percentile percentile) {
        Histogram latency = report.latency();
        return percentile.of == 100
                ? latency.getMaxValue()
                : latency.getValueAtPercentile(percentile.of);
    }

    private static String quoted(String text) {
        var json = new StringBuilder("\"");
        text.chars()
                .forEach(
                        c -> {
                            if (c == '"' || c == '\\') {
                                json.append('\\').append((char) c);
                            } else if (c < ' ') {
                                json.append(format("\\u%04x", c));
                            } else {
                                json.append((char) c);
                            }
                        });
        return json.append('"').toString();
    }

    @SuppressWarnings("AnnotateFormatMethod") // Error Prone's annotation is not in the classpath
    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
