package io.epollecho.probe;

import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.stream.Collectors;

/** Formats outages for people. */
final class OutageText {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSX", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private OutageText() {}

    static String of(Outage outage) {
        if (!outage.over()) {
            return String.format(
                    Locale.ROOT,
                    "%s  outage began: %s, %s",
                    TIME.format(outage.begin()),
                    outage.kinds().getFirst(),
                    outage.first());
        }
        return String.format(
                Locale.ROOT,
                "%s  outage over: began %s, lasted %.3f s, %s; connections %d",
                TIME.format(outage.begin().plus(outage.length())),
                TIME.format(outage.begin()),
                outage.length().toNanos() / 1e9,
                outage.kinds().stream()
                        .map(FailureKind::toString)
                        .collect(Collectors.joining(", then ")),
                outage.connections());
    }
}
