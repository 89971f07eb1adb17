package io.epollecho.probe;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Formats reports, intervals and outages as JSON, one object per line, with times in nanoseconds.
 */
final class JsonReport {

    private final Percentiles percentiles;

    JsonReport(Percentiles percentiles) {
        this.percentiles = percentiles;
    }

    String of(ProbeReport report) {
        Json json =
                new Json()
                        .flag("ok", report.successful())
                        .number("connections", report.connections())
                        .number("connectFailures", report.connectFailures())
                        .number("resets", report.count(FailureKind.RESET))
                        .number("stalls", report.count(FailureKind.STALLED))
                        .number("usable", report.usable())
                        .text("target", report.target().name())
                        .raw("addresses", texts(report.target().addresses()))
                        .numbers("connected", report.connected())
                        .text("started", report.target().started().toString());
        report.source().ifPresent(source -> json.text("source", source));
        report.firstFailure().ifPresent(failure -> json.text("firstFailure", failure));
        if (!report.failures().isEmpty()) {
            json.raw("failures", failures(report.failures()));
        }
        if (!report.greetings().isEmpty()) {
            json.numbers("greetings", report.greetings());
        }
        if (report.outages().count() > 0) {
            json.object("outages", outages(report.outages()));
        }
        return progress(json, report.progress())
                .flag("rateReached", report.rateReached())
                .number("behindNanos", report.behind().toNanos())
                .number("messagesOverdue", report.overdue())
                .number("messages", report.messages())
                .number("bytes", report.bytes())
                .number("wrongBytes", report.wrongBytes())
                .number("missingBytes", report.missingBytes())
                .number("elapsedNanos", report.elapsed().toNanos())
                .decimal("messagesPerSecond", report.messagesPerSecond(), 1)
                .decimal("bytesPerSecond", report.bytesPerSecond(), 1)
                .numbers("connectNanos", percentiles.of(report.connecting()))
                .numbers("handshakeNanos", percentiles.of(report.handshakes()))
                .numbers("latencyNanos", percentiles.of(report.latency()))
                .toString();
    }

    private static Json progress(Json json, Progress progress) {
        return json.number("messagesPlanned", progress.planned())
                .number("messagesSent", progress.sent())
                .number("messagesLate", progress.late())
                .number("messagesQueued", progress.queued());
    }

    String of(ProbeInterval interval) {
        Json json =
                new Json()
                        .text("type", "interval")
                        .text("end", interval.end().toString())
                        .number("lengthNanos", interval.length().toNanos())
                        .number("open", interval.open());
        return progress(json, interval.progress())
                .number("messages", interval.messages())
                .decimal("messagesPerSecond", interval.messagesPerSecond(), 1)
                .number("errors", interval.errors())
                .flag("down", interval.outages().down())
                .numbers("connectNanos", percentiles.of(interval.connecting()))
                .numbers("handshakeNanos", percentiles.of(interval.handshakes()))
                .numbers("latencyNanos", percentiles.of(interval.latency()))
                .toString();
    }

    String of(Outage outage) {
        return new Json()
                .text("type", "outage")
                .text("begin", outage.begin().toString())
                .number("lengthNanos", outage.length().toNanos())
                .flag("over", outage.over())
                .number("connections", outage.connections())
                .raw("kinds", texts(outage.kinds().stream().map(FailureKind::toString).toList()))
                .text("first", outage.first())
                .toString();
    }

    private static Json outages(OutageSummary outages) {
        return new Json()
                .number("count", outages.count())
                .number("longestNanos", outages.longest().toNanos())
                .number("totalNanos", outages.total().toNanos())
                .decimal("availability", outages.availability(), 6)
                .flag("down", outages.down());
    }

    private static String failures(List<FailureCount> failures) {
        return failures.stream()
                .map(failure -> of(failure).toString())
                .collect(Collectors.joining(",", "[", "]"));
    }

    private static Json of(FailureCount failure) {
        Json json =
                new Json()
                        .text("kind", failure.kind().toString())
                        .number("count", failure.count())
                        .text("first", failure.first());
        Endpoints endpoints = failure.endpoints();
        if (endpoints.local() != null) {
            json.text("local", Addresses.withPort(endpoints.local()));
        }
        if (endpoints.remote() != null) {
            json.text("remote", Addresses.withPort(endpoints.remote()));
        }
        return json;
    }

    private static String texts(List<String> values) {
        return values.stream().map(Json::quoted).collect(Collectors.joining(",", "[", "]"));
    }
}
