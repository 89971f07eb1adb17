package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

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

    private ReportFormat() {}

    static String text(ProbeReport report) {
        var lines = new ArrayList<String>();
        lines.add(
                format(
                        "connections  %d of %d: failed to connect %d, reset %d, stalled %d",
                        report.connections() - failures(report),
                        report.connections(),
                        report.connectFailures(),
                        report.resets(),
                        report.stalls()));
        report.firstFailure().ifPresent(failure -> lines.add("             first: " + failure));
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
        fields.add(format("\"resets\":%d", report.resets()));
        fields.add(format("\"stalls\":%d", report.stalls()));
        report.firstFailure()
                .ifPresent(failure -> fields.add("\"firstFailure\":" + quoted(failure)));
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

    private static int failures(ProbeReport report) {
        return report.connectFailures() + report.resets() + report.stalls();
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
