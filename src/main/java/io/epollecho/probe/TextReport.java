package io.epollecho.probe;

import org.HdrHistogram.Histogram;

import java.time.temporal.ChronoUnit;
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
        target(report, lines);
        report.source().ifPresent(source -> lines.add("from         " + source));
        connections(report, lines);
        if (!report.greetings().isEmpty()) {
            lines.add(counts("greeted by   ", report.greetings()));
        }
        outages(report.outages(), lines);
        lines.add(
                report.source().isEmpty()
                        ? "messages     none: no connection was usable"
                        : format(
                                "messages     %d of %d planned, in %.3f s, %.0f/s",
                                report.messages(),
                                report.progress().planned(),
                                report.elapsed().toNanos() / SECOND,
                                report.messagesPerSecond()));
        sending(report, lines);
        lines.add(
                format(
                        "bytes        %d, %.2f MiB/s: wrong %d, missing %d",
                        report.bytes(),
                        report.bytesPerSecond() / MEBI,
                        report.wrongBytes(),
                        report.missingBytes()));
        times("connect/us   ", report.connecting(), lines);
        times("tls/us       ", report.handshakes(), lines);
        times("latency/us   ", report.latency(), lines);
        lines.add("result       " + result(report));
        return String.join(System.lineSeparator(), lines);
    }

    private static void target(ProbeReport report, List<String> lines) {
        Target target = report.target();
        lines.add(
                format(
                        "target       %s, started %s",
                        target.name(), target.started().truncatedTo(ChronoUnit.MILLIS)));
        String connected =
                report.connected().isEmpty() ? "" : counts("; connected to ", report.connected());
        if (!target.addresses().isEmpty()) {
            lines.add("addresses    " + String.join(", ", target.addresses()) + connected);
        }
    }

    private static String counts(String label, Map<String, Integer> counts) {
        return counts.entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", ", label, ""));
    }

    /** Adds lines about messages that were not sent in time, and about a rate not reached. */
    private static void sending(ProbeReport report, List<String> lines) {
        Progress progress = report.progress();
        if (progress.sent() != progress.planned() || progress.late() > 0 || progress.queued() > 0) {
            lines.add(
                    format(
                            "sent         %d of %d planned: late %d, queued at the end %d",
                            progress.sent(),
                            progress.planned(),
                            progress.late(),
                            progress.queued()));
        }
        if (!report.sentInTime()) {
            lines.add(
                    format(
                            "rate         not reached, %.3f s behind at the end; raise --pipeline"
                                    + " or --connections",
                            report.behind().toNanos() / SECOND));
        } else if (!report.rateReached()) {
            lines.add(
                    format(
                            "rate         not reached, %d answers overdue at the end; the path or"
                                    + " the server is slower",
                            report.overdue()));
        }
    }

    private void times(String label, Histogram histogram, List<String> lines) {
        Map<String, Long> times = percentiles.of(histogram);
        if (!times.isEmpty()) {
            lines.add(
                    times.entrySet().stream()
                            .map(
                                    entry ->
                                            format(
                                                    "%s %.1f",
                                                    entry.getKey(), entry.getValue() / MICRO))
                            .collect(Collectors.joining(" ", label, "")));
        }
    }

    private static String result(ProbeReport report) {
        if (!report.flawless()) {
            return "FAILED";
        }
        if (report.messages() == 0) {
            return "INCOMPLETE: no message was answered";
        }
        return report.rateReached()
                ? "every byte came back right"
                : "INCOMPLETE: every byte came back right, but not at the requested rate";
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
                            "%s%s %d, first: %s%s",
                            label,
                            failure.kind(),
                            failure.count(),
                            failure.first(),
                            failure.endpoints()));
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
