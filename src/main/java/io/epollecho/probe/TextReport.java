package io.epollecho.probe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Formats a report for people. */
final class TextReport {

    private static final double MICRO = 1e3;
    private static final double SECOND = 1e9;
    private static final double MEBI = 1024.0 * 1024.0;

    private final Percentiles percentiles;

    TextReport(Percentiles percentiles) {
        this.percentiles = percentiles;
    }

    String of(ProbeReport report) {
        var lines = new ArrayList<String>();
        report.source().ifPresent(source -> lines.add("from         " + source));
        connections(report, lines);
        if (!report.greetings().isEmpty()) {
            lines.add(
                    report.greetings().entrySet().stream()
                            .map(entry -> entry.getKey() + " " + entry.getValue())
                            .collect(Collectors.joining(", ", "greeted by   ", "")));
        }
        outages(report.outages(), lines);
        lines.add(
                report.messages() == 0 && report.planned() == 0
                        ? "messages     none: no connection was usable"
                        : format(
                                "messages     %d of %d planned, in %.3f s, %.0f/s",
                                report.messages(),
                                report.planned(),
                                report.elapsed().toNanos() / SECOND,
                                report.messagesPerSecond()));
        lines.add(
                format(
                        "bytes        %d, %.2f MiB/s: wrong %d, missing %d",
                        report.bytes(),
                        report.bytesPerSecond() / MEBI,
                        report.wrongBytes(),
                        report.missingBytes()));
        Map<String, Long> latency = percentiles.of(report.latency());
        if (!latency.isEmpty()) {
            lines.add(
                    latency.entrySet().stream()
                            .map(
                                    entry ->
                                            format(
                                                    "%s %.1f",
                                                    entry.getKey(), entry.getValue() / MICRO))
                            .collect(Collectors.joining(" ", "latency/us   ", "")));
        }
        lines.add(
                report.flawless()
                        ? "result       every byte came back right"
                        : "result       FAILED");
        return String.join(System.lineSeparator(), lines);
    }

    private static void connections(ProbeReport report, List<String> lines) {
        lines.add(
                format(
                        "connections  %d of %d: failed to connect %d, reset %d, stalled %d",
                        report.usable(),
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
            label = " ".repeat(label.length());
        }
    }

    private static void outages(OutageSummary outages, List<String> lines) {
        if (outages.count() > 0) {
            lines.add(
                    format(
                            "outages      %d%s: longest %.3f s, total %.3f s, availability %.4f %%",
                            outages.count(),
                            outages.down() ? ", the last one ongoing" : "",
                            outages.longest().toNanos() / SECOND,
                            outages.total().toNanos() / SECOND,
                            outages.availability() * 100));
        }
    }

    @SuppressWarnings("AnnotateFormatMethod") // Error Prone's annotation is not on the classpath
    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
